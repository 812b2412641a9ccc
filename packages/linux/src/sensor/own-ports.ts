/**
 * The namespace's own sockets, and ports that the kernel gave them: numbers that say nothing and differ from run to run.
 *
 * That a number was given once proves nothing of who has it now, of another protocol, or at another address. So what is reached
 * there is asked of the kernel each time: all sockets that may answer must be such as the namespace itself has bound or used.
 */
import { abstractlyNamed, answeringAt } from "./socket-table.ts";

/** How many sockets with an unknown port are followed; beyond it the oldest is dropped and its port stays a number. */
const MAX_PENDING = 4096;
/** How many sockets are remembered; beyond it the oldest is forgotten and counts as a stranger's. */
const MAX_SOCKETS = 65_536;

/** A socket at a moment: its inode, 0 where that is not known any more, and its port, 0 while it has none. */
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

export class OwnPorts {
  readonly #low: number;
  readonly #high: number;
  /** Ports by the network that they are of: its maker, "" for the launch's. */
  readonly #given = new Set<string>();
  /** Inodes, oldest first. The kernel counts them up, and they come again after four thousand million. */
  readonly #sockets = new Set<number>();
  #pending: { readonly resolve: () => LocalSocket | undefined; readonly network: string }[] = [];

  /** The range that the kernel gives ports from (`net.ipv4.ip_local_port_range`). */
  constructor([low, high]: readonly [number, number]) {
    this.#low = low;
    this.#high = high;
  }

  /** A socket of the namespace's that was bound or used. */
  note(inode: number): void {
    this.#sockets.delete(inode);
    this.#sockets.add(inode);
    if (this.#sockets.size > MAX_SOCKETS) this.#sockets.delete(this.#sockets.values().next().value as number);
  }

  /** A socket is about to be given a port; `resolve` says which, once it has; undefined if the socket is gone. */
  expect(resolve: () => LocalSocket | undefined, network: string): void {
    if (this.#pending.length >= MAX_PENDING) this.#pending.shift();
    this.#pending.push({ resolve, network });
  }

  /** Whether a port was given to a socket of the namespace, who has it now or not. Outside the kernel's range nothing was given. */
  wasGiven(port: number, network: string): boolean {
    if (port < this.#low || port > this.#high) return false;
    const own = `${port} ${network}`;
    if (!this.#given.has(own)) this.#resolve();
    return this.#given.has(own);
  }

  /** Who answers at an address whose port was given: only sockets of the namespace, nobody, or others too. */
  answers({ host, port, type }: LocalEnd, directory: string | undefined): "own" | "nobody" | "others" {
    const found = directory === undefined ? undefined : answeringAt(directory, type, host, port);
    return this.#areOwn(found);
  }

  /** The same of an abstract Unix socket name. */
  answersTo(name: string, directory: string | undefined): "own" | "nobody" | "others" {
    return this.#areOwn(directory === undefined ? undefined : abstractlyNamed(directory, name));
  }

  #areOwn(inodes: readonly number[] | undefined): "own" | "nobody" | "others" {
    if (inodes === undefined) return "others";
    if (inodes.length === 0) return "nobody";
    this.#resolve();
    return inodes.every((inode) => this.#sockets.has(inode)) ? "own" : "others";
  }

  #resolve(): void {
    this.#pending = this.#pending.filter(({ resolve, network }) => {
      const socket = resolve();
      if (socket === undefined) return false;
      if (socket.inode !== 0) this.note(socket.inode);
      if (socket.port === 0) return true;
      this.#given.add(`${socket.port} ${network}`);
      return false;
    });
  }
}
