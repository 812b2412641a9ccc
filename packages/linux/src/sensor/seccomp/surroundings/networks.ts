/**
 * The network that an address belongs to: the launch's, or a network namespace that a program created.
 *
 * A socket stays in the namespace in which it was created, wherever the task that uses it goes, and reports a number of the
 * namespace that is never reused (SO_NETNS_COOKIE, since Linux 5.14). For a container, its own network counts as the launch's.
 */
import { close, getsockopt } from "../../../abi/libc.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { OWN_NETWORK } from "../../socket-table.ts";
import { pidMeant } from "../tasks/pid-numbers.ts";
import type { Thread } from "../tasks/process.ts";
import { FOREIGN, type Worlds } from "../tasks/worlds.ts";

/** arch/x86/entry/syscalls/syscall_64.tbl */
const NR_SOCKET = 41;
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;
/** In a container: the network of its host. */
const HOST = "host";
const MOST_KNOWN = 4096;

const value: Buffer = Buffer.alloc(8);
const length: Buffer = Buffer.alloc(4);

/** The number of a socket's network namespace; "" if the kernel does not report it. */
export function networkOf(socket: number): string {
  length.writeUInt32LE(value.length, 0);
  return getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, value, length) < 0 ? "" : value.toString("hex");
}

/** The launch's own network. */
function ownNetwork(): string {
  const socket = rawCall(NR_SOCKET, [AF_UNIX, SOCK_DGRAM, 0]);
  if (socket < 0) return "";
  const own = networkOf(socket);
  close(socket);
  return own;
}

export class Networks {
  readonly #worlds: Worlds;
  readonly #isCanister: boolean;
  readonly #own = ownNetwork();
  /** Whether a further network counts as the launch's: one in which the supervisor stands in for name servers. */
  standsIn: (network: string) => boolean = () => false;
  readonly #makers = new Map<string, string>();
  /** The container's network: inode of its namespace, and the number that its sockets report. */
  #home: number | undefined;

  constructor(worlds: Worlds, isCanister: boolean) {
    this.#worlds = worlds;
    this.#isCanister = isCanister;
  }

  /** A program is about to be allowed to execute. The first one of a container is in the container's network, where it does no more. */
  executing(thread: Thread): void {
    this.#homeOf(thread);
  }

  /** The program that created the network of a socket that a thread is about to use; "" for the launch's or the container's. */
  of(network: string, thread: Thread): string {
    if (network === "") return this.ofThread(thread);
    if (network === this.#own) return this.#isAway(thread) ? HOST : "";
    if (this.standsIn(network)) return "";
    const known = this.#makers.get(network);
    if (known !== undefined) return known;
    const isSetUp = this.#isCanister && thread.process.atOwnRoot && this.#home === undefined;
    const maker = this.#makerFor(thread);
    // Sockets of a runtime in the network of a container that does not run yet do not identify its creator.
    if (isSetUp) return maker;
    if (this.#makers.size >= MOST_KNOWN) this.#makers.clear();
    this.#makers.set(network, maker);
    return maker;
  }

  /**
   * The file in /proc that lists the sockets of a socket's network. Undefined if the thread is in another network, or in one
   * that may be any of several.
   */
  listOf(network: string, thread: Thread): string | undefined {
    if (network === this.#own || !this.#worlds.mayDiffer("net")) return OWN_NETWORK;
    const maker = this.of(network, thread);
    if (maker === FOREIGN || maker === HOST || maker !== this.ofThread(thread)) return undefined;
    return `/proc/${thread.tid}/net`;
  }

  /** The same for a thread's network, in which it would create a socket. */
  ofThread(thread: Thread): string {
    if (!this.#worlds.mayDiffer("net")) return "";
    if (this.#worlds.inodeOf("net", thread.tid) === this.#worlds.own("net")) return this.#isAway(thread) ? HOST : "";
    return this.#makerFor(thread);
  }

  /** The same for the network of a process, by the number that a thread calls it by; without a number, for that of the thread. */
  seenBy(thread: Thread, number: number | undefined): string {
    if (number === undefined || !this.#worlds.mayDiffer("net")) return this.ofThread(thread);
    const pid = pidMeant(thread, number);
    const inode = pid === undefined ? 0 : this.#worlds.inodeOf("net", pid);
    if (inode === this.#worlds.inodeOf("net", thread.tid)) return this.ofThread(thread);
    const own = this.#worlds.own("net");
    if (inode === (this.#homeOf(thread) ?? own)) return "";
    return inode === own ? HOST : FOREIGN;
  }

  /** Whether the launch's network is not that of the container; only for a task of a container that runs, not of its runtime. */
  #isAway(thread: Thread): boolean {
    const { atOwnRoot, wasInside } = thread.process;
    const home = this.#homeOf(thread);
    if (atOwnRoot && !wasInside) return false;
    return home !== undefined && home !== this.#worlds.own("net");
  }

  #makerFor(thread: Thread): string {
    const inode = this.#worlds.inodeOf("net", thread.tid);
    if (inode === this.#worlds.own("net")) return FOREIGN;
    if (this.#isCanister && (this.#homeOf(thread) ?? inode) === inode) return "";
    return this.#worlds.makerOf("net", thread.process, thread.tid);
  }

  /** Records the network of the first task at the root of a container. Undefined while the container is set up, and if there is none. */
  #homeOf({ tid, process }: Thread): number | undefined {
    if (this.#isCanister && !process.atOwnRoot) this.#home ??= this.#worlds.inodeOf("net", tid) || undefined;
    return this.#home;
  }
}
