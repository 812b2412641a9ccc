/**
 * The namespace's own sockets, and the ports that the kernel assigned to them: numbers that say nothing and differ from run to
 * run.
 *
 * That a number was assigned once does not prove which process has it now, with another protocol or at another address. So the
 * kernel's tables are read each time: every socket that may answer must be one that the namespace itself has bound or used.
 */
import { abstractlyNamed, answeringAt } from "./socket-table.ts";

/** Number of sockets with an unknown port that are followed; beyond it the oldest is dropped and its port stays a number. */
const MAX_PENDING = 4096;
/**
 * So many of them are looked at for one question, each with some seven system calls, or so many that stay without a port; the others
 * count as outside the namespace.
 */
const MOST_LOOKED_AT = 1024;
const MOST_WITHOUT_PORT = 256;
/** So many are looked at for each that is added, in turn: those of clients are closed by then, and do not gather. */
const LOOKED_AT_EACH = 2;
/** Number of sockets that are remembered; beyond it the oldest is dropped and counts as outside the namespace. */
const MAX_SOCKETS = 65_536;

/** A socket at one moment: its inode, 0 if it is not known any more, and its port, 0 while it has none. */
export interface LocalSocket {
  readonly inode: number;
  readonly port: number;
}

/** An address of this machine, as an act names it. */
export interface LocalEnd {
  readonly host: string;
  readonly port: number;
  /** `stream`, `dgram` … */
  readonly type: string;
}

interface Pending {
  readonly resolve: () => LocalSocket | undefined;
  readonly network: string;
}

export class OwnPorts {
  readonly #low: number;
  readonly #high: number;
  /** Ports by network: the maker of the network, "" for the launch's. */
  readonly #given = new Set<string>();
  /** Inodes, oldest first. The kernel counts them up and reuses them after 2³². */
  readonly #sockets = new Set<number>();
  readonly #pending: Pending[] = [];
  /** Whose turn it is, by its place in the list. */
  #turn = 0;

  /** The range from which the kernel assigns ports (`net.ipv4.ip_local_port_range`). */
  constructor([low, high]: readonly [number, number]) {
    this.#low = low;
    this.#high = high;
  }

  /** A socket of the namespace was bound or used. */
  note(inode: number): void {
    this.#sockets.delete(inode);
    this.#sockets.add(inode);
    if (this.#sockets.size > MAX_SOCKETS) this.#sockets.delete(this.#sockets.values().next().value as number);
  }

  /** A socket is about to get a port; `resolve` returns it once it has one, or undefined if the socket is closed. */
  expect(resolve: () => LocalSocket | undefined, network: string): void {
    for (let looks = 0; looks < LOOKED_AT_EACH && this.#pending.length > 0; looks++) {
      const at = this.#turn % this.#pending.length;
      if (this.#hasNoPort(this.#pending[at] as Pending)) this.#turn = at + 1;
      else this.#pending.splice(at, 1);
    }
    if (this.#pending.length >= MAX_PENDING) this.#pending.shift();
    this.#pending.push({ resolve, network });
  }

  /** Whether a port was assigned to a socket of the namespace, whichever process has it now. False outside the kernel's range. */
  wasGiven(port: number, network: string): boolean {
    if (port < this.#low || port > this.#high) return false;
    const own = `${port} ${network}`;
    if (!this.#given.has(own)) this.#resolve();
    return this.#given.has(own);
  }

  /** Which sockets listen at an address whose port was assigned: only the namespace's, none, or others too. */
  answers({ host, port, type }: LocalEnd, directory: string | undefined): "own" | "nobody" | "others" {
    const found = directory === undefined ? undefined : answeringAt(directory, type, host, port);
    return this.#areOwn(found);
  }

  /** The same for an abstract Unix socket name. */
  answersTo(name: string, directory: string | undefined): "own" | "nobody" | "others" {
    return this.#areOwn(directory === undefined ? undefined : abstractlyNamed(directory, name));
  }

  #areOwn(inodes: readonly number[] | undefined): "own" | "nobody" | "others" {
    if (inodes === undefined) return "others";
    if (inodes.length === 0) return "nobody";
    this.#resolve();
    return inodes.every((inode) => this.#sockets.has(inode)) ? "own" : "others";
  }

  /** Those that came last first. Those that still have no port come last the next time: a socket may stay without one. */
  #resolve(): void {
    const without: Pending[] = [];
    for (let looks = 0; looks < MOST_LOOKED_AT && without.length < MOST_WITHOUT_PORT; looks++) {
      const each = this.#pending.pop();
      if (each === undefined) break;
      if (this.#hasNoPort(each)) without.push(each);
    }
    this.#pending.unshift(...without.reverse());
  }

  /** Whether a socket is there and still has no port. */
  #hasNoPort({ resolve, network }: Pending): boolean {
    const socket = resolve();
    if (socket === undefined) return false;
    if (socket.inode !== 0) this.note(socket.inode);
    if (socket.port === 0) return true;
    this.#given.add(`${socket.port} ${network}`);
    return false;
  }
}
