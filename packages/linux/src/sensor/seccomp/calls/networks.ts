/**
 * Which network an address belongs to: that of the launch, or of a network namespace that some program made.
 *
 * A socket stays in the namespace that it was made in, wherever the task that uses it goes, and tells which one by a number
 * that is never given again (SO_NETNS_COOKIE, since Linux 5.14). For a container its own network is home, as its root is.
 */
import { close, getsockopt } from "../../../abi/libc.ts";
import { rawCall } from "../../../abi/raw-call.ts";
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

/** The number of a socket's network namespace; "" where the kernel does not tell. */
export function networkOf(socket: number): string {
  length.writeUInt32LE(value.length, 0);
  return getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, value, length) < 0 ? "" : value.toString("hex");
}

/** The launch's own. */
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
  readonly #makers = new Map<string, string>();
  /** The container's: inode of its namespace, and the number that its sockets tell. */
  #home: number | undefined;

  constructor(worlds: Worlds, isCanister: boolean) {
    this.#worlds = worlds;
    this.#isCanister = isCanister;
  }

  /** Who made the network of a socket, by its number, which a thread is about to use; "" for the launch's or the container's. */
  of(network: string, thread: Thread): string {
    if (network === "") return this.ofThread(thread);
    if (network === this.#own) return this.#isAway(thread) ? HOST : "";
    const known = this.#makers.get(network);
    if (known !== undefined) return known;
    const isSetUp = this.#isCanister && thread.process.atOwnRoot && this.#home === undefined;
    const maker = this.#makerFor(thread);
    // What a runtime does in the network of a container that does not run yet says nothing of whose it is.
    if (isSetUp) return maker;
    if (this.#makers.size >= MOST_KNOWN) this.#makers.clear();
    this.#makers.set(network, maker);
    return maker;
  }

  /**
   * Where /proc lists the sockets of a socket's network. Undefined where the thread is in another, or in one that may be any
   * of several.
   */
  listOf(network: string, thread: Thread): string | undefined {
    if (network === this.#own || !this.#worlds.mayDiffer("net")) return "/proc/self/net";
    const maker = this.of(network, thread);
    if (maker === FOREIGN || maker === HOST || maker !== this.ofThread(thread)) return undefined;
    return `/proc/${thread.tid}/net`;
  }

  /** The same of a thread's network, in which it would make a socket. */
  ofThread(thread: Thread): string {
    if (!this.#worlds.mayDiffer("net")) return "";
    if (this.#worlds.inodeOf("net", thread.tid) === this.#worlds.own("net")) return this.#isAway(thread) ? HOST : "";
    return this.#makerFor(thread);
  }

  /** Whether the launch's network is not that of the container: asked by whoever is in a container that runs. */
  #isAway(thread: Thread): boolean {
    const home = this.#homeOf(thread);
    return home !== undefined && home !== this.#worlds.own("net");
  }

  #makerFor(thread: Thread): string {
    const inode = this.#worlds.inodeOf("net", thread.tid);
    if (inode === this.#worlds.own("net")) return FOREIGN;
    if (this.#isCanister && (this.#homeOf(thread) ?? inode) === inode) return "";
    return this.#worlds.makerOf("net", thread.process, thread.tid);
  }

  /** Where the first program of a container is that uses a network. Undefined while it is set up, and where there is none. */
  #homeOf({ tid, process }: Thread): number | undefined {
    if (this.#isCanister && !process.atOwnRoot) this.#home ??= this.#worlds.inodeOf("net", tid);
    return this.#home;
  }
}
