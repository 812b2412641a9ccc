/**
 * A socket behind a descriptor of a task.
 */
import { EMPTY } from "../../../abi/bytes.ts";
import { close, getsockname, getsockopt, pidfdGetfd, pidfdOpen, statx } from "../../../abi/libc.ts";
import { closeSoon } from "../../../process/moment.ts";
import { EACCES } from "../../../abi/errno.ts";
import { AT_EMPTY_PATH, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { AF_INET, AF_INET6, type Address, parseAddress } from "../../words/sockets.ts";
import { PIDFD_THREAD, type Thread } from "../tasks/process.ts";
import { shareDescriptors } from "./kcmp.ts";
import { networkOf } from "./networks.ts";

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const SO_ZEROCOPY = 60;

/** The state of a task's socket at this moment. */
export interface SocketFacts {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** Identifies a socket as long as it exists. */
  readonly cookie: string;
  /** Number of its network namespace, see `networks.ts`. */
  readonly network: string;
  readonly local: Address | undefined;
  /** The inode in /proc/net; 0 if it is unknown. */
  readonly inode: number;
}

/** The socket itself, held by the supervisor: even if another gets its number meanwhile, this is the one that was examined. */
export interface TaskSocket extends SocketFacts {
  /** The supervisor's duplicate, closed after use unless it was taken over. */
  readonly fd: number;
  /** A caller of this closes `fd`. */
  takeOver(): number;
}

const SO_COOKIE = 57;
const stat = new Stat();
const value: Buffer = Buffer.alloc(8);
const valueLength: Buffer = Buffer.alloc(4);
const address: Buffer = Buffer.alloc(128);

/** Whether a socket speaks IP: no act on it shows which process does it. */
export function isOfInternet({ family }: SocketFacts): boolean {
  return family === AF_INET || family === AF_INET6;
}

/**
 * Examines a descriptor of a thread through a duplicate; a negative errno if it cannot be duplicated, or is not a socket. Asked
 * of the thread, not its process: a thread may have its own descriptors (CLONE_FILES), and the first thread may have ended.
 */
export function socketFacts(thread: Thread, fd: number): SocketFacts | number {
  return withSocket<SocketFacts | number>(
    thread,
    fd,
    (socket) => socket,
    (error) => error,
  );
}

/** Uses the socket behind a descriptor; `without` gets the negative errno if it cannot be duplicated, or is not a socket. */
export function withSocket<T>(
  thread: Thread,
  fd: number,
  use: (socket: TaskSocket) => T,
  without: (error: number) => T,
): T {
  const own = duplicate(thread, fd);
  return own < 0 ? without(own) : usingOwn(own, use, without);
}

/** The same for a descriptor of the supervisor, which is closed after use unless it was taken over. */
export function usingOwn<T>(own: number, use: (socket: TaskSocket) => T, without: (error: number) => T): T {
  let isTaken = false;
  const takeOver = (): number => {
    isTaken = true;
    return own;
  };
  try {
    const facts = factsOf(own);
    return typeof facts === "number" ? without(facts) : use({ ...facts, fd: own, takeOver });
  } finally {
    if (!isTaken) closeSoon(own);
  }
}

/** Whether a descriptor of ours is a socket. */
export function isSocket(own: number): boolean {
  return option(own, SO_DOMAIN) >= 0;
}

/** Whether a message with MSG_ZEROCOPY on it is read after its call (SO_ZEROCOPY; net/core/sock.c). */
export function isZeroCopy(own: number): boolean {
  return option(own, SO_ZEROCOPY) > 0;
}

function factsOf(own: number): SocketFacts | number {
  const family = option(own, SO_DOMAIN);
  if (family < 0) return family;
  const type = option(own, SO_TYPE);
  const protocol = option(own, SO_PROTOCOL);
  const cookie = optionBytes(own, SO_COOKIE, 8) < 0 ? "" : value.toString("hex");
  const network = networkOf(own);
  valueLength.writeUInt32LE(address.length, 0);
  const named = getsockname(own, address, valueLength);
  const local = named < 0 ? undefined : parseAddress(address, valueLength.readUInt32LE(0));
  const inode = statx(own, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) < 0 ? 0 : stat.inode;
  return { family, type, protocol, cookie, network, local, inode };
}

/** A duplicate of a task's descriptor. If no pidfd is kept (see `descriptor-budget.ts`), one is opened for this call. */
export function duplicate(thread: Thread, fd: number): number {
  if (thread.pidfd >= 0) return pidfdGetfd(thread.pidfd, fd);
  if (thread.tid === thread.process.pid) return ofFirst(thread, fd);
  const own = byPidfd(pidfdOpen(thread.tid, PIDFD_THREAD), fd);
  return own === -EACCES ? duplicateByFirst(thread, fd) : own;
}

/**
 * The same by way of the first thread, the only one that kernels before 6.9 let be asked: EACCES unless both have one table of
 * descriptors. The first thread may leave that table at any moment, so the tables are compared after the duplication. The
 * thread itself cannot leave it while its call waits, which is checked before a duplicate is acted on.
 */
export function duplicateByFirst(thread: Thread, fd: number): number {
  const own = ofFirst(thread, fd);
  if (shareDescriptors(thread.process.pid, thread.tid)) return own;
  if (own >= 0) closeSoon(own);
  return -EACCES;
}

function ofFirst({ process }: Thread, fd: number): number {
  return process.pidfd >= 0 ? pidfdGetfd(process.pidfd, fd) : byPidfd(pidfdOpen(process.pid, 0), fd);
}

/** By a pidfd that is closed after use; EACCES if there is none. */
function byPidfd(pidfd: number, fd: number): number {
  if (pidfd < 0) return -EACCES;
  const own = pidfdGetfd(pidfd, fd);
  close(pidfd);
  return own;
}

function option(fd: number, name: number): number {
  const result = optionBytes(fd, name, 4);
  return result < 0 ? result : value.readInt32LE(0);
}

function optionBytes(fd: number, name: number, length: number): number {
  valueLength.writeUInt32LE(length, 0);
  return getsockopt(fd, SOL_SOCKET, name, value, valueLength);
}

/** The number of bound sockets that are remembered; beyond it the oldest is dropped, and its path is resolved anew if possible. */
const MAX_BOUND = 4096;

/** Where Unix sockets were bound, by cookie: the path that a socket itself reports may be relative. */
export class SocketPaths {
  readonly #paths = new Map<string, string>();

  of(cookie: string): string | undefined {
    return this.#paths.get(cookie);
  }

  /** `path` is canonical. */
  remember(cookie: string, path: string): void {
    if (cookie === "") return;
    this.#paths.set(cookie, path);
    if (this.#paths.size > MAX_BOUND) this.#paths.delete(this.#paths.keys().next().value as string);
  }
}
