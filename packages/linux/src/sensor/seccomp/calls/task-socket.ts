/**
 * A socket behind a descriptor of a task.
 */
import { EMPTY } from "../../../abi/bytes.ts";
import { close, getsockname, getsockopt, pidfdGetfd, pidfdOpen, statx } from "../../../abi/libc.ts";
import { EACCES, EBADF } from "../../../abi/errno.ts";
import { AT_EMPTY_PATH, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { AF_INET, AF_INET6, type Address, parseAddress } from "../../words/sockets.ts";
import type { Thread } from "../tasks/process.ts";
import { networkOf } from "./networks.ts";

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;

/** A socket of a task, as it is at this moment. */
export interface SocketFacts {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** Tells one socket from another for as long as it lives. */
  readonly cookie: string;
  /** Number of its network namespace, see `networks.ts`. */
  readonly network: string;
  readonly local: Address | undefined;
  /** As /proc/net lists it; 0 if it cannot be told. */
  readonly inode: number;
}

/** The socket itself, in our hands: whatever comes to have its number meanwhile, this is what was looked at. */
export interface TaskSocket extends SocketFacts {
  /** A duplicate of ours, closed after use unless it was taken over. */
  readonly fd: number;
  /** Who calls this closes `fd`. */
  takeOver(): number;
}

const SO_COOKIE = 57;
const stat = new Stat();
const value: Buffer = Buffer.alloc(8);
const valueLength: Buffer = Buffer.alloc(4);
const address: Buffer = Buffer.alloc(128);

/** Whether a socket speaks IP: nothing that is done with it shows who does it. */
export function isOfInternet({ family }: SocketFacts): boolean {
  return family === AF_INET || family === AF_INET6;
}

/**
 * Looks at a descriptor of a thread through a duplicate; a negative errno if it cannot be had, or is no socket. By the
 * thread, not by its process: a thread may have descriptors of its own (CLONE_FILES), and the first thread may be gone.
 */
export function socketFacts(thread: Thread, fd: number): SocketFacts | number {
  return withSocket<SocketFacts | number>(
    thread,
    fd,
    (socket) => socket,
    (error) => error,
  );
}

/** Uses the socket behind a descriptor; `without` gets the negative errno if it cannot be had, or is no socket. */
export function withSocket<T>(
  thread: Thread,
  fd: number,
  use: (socket: TaskSocket) => T,
  without: (error: number) => T,
): T {
  const own = duplicate(thread, fd);
  if (own < 0) return without(own);
  let isTaken = false;
  const takeOver = (): number => {
    isTaken = true;
    return own;
  };
  try {
    const facts = factsOf(own);
    return typeof facts === "number" ? without(facts) : use({ ...facts, fd: own, takeOver });
  } finally {
    if (!isTaken) close(own);
  }
}

/** Whether a descriptor of ours is a socket. */
export function isSocket(own: number): boolean {
  return option(own, SO_DOMAIN) >= 0;
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

/** A duplicate of a task's descriptor. Where no pidfd is kept (see `descriptor-budget.ts`) one is opened for the moment. */
export function duplicate(thread: Thread, fd: number): number {
  const own = taken(thread, fd);
  // Kernels before 6.9 only let us ask the first thread: what it has not, this one may have.
  return own === -EBADF && thread.pidfd < 0 && thread.tid !== thread.process.pid ? -EACCES : own;
}

function taken(thread: Thread, fd: number): number {
  const kept = thread.pidfd >= 0 ? thread.pidfd : thread.process.pidfd;
  if (kept >= 0) return pidfdGetfd(kept, fd);
  const pidfd = pidfdOpen(thread.process.pid, 0);
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

/** How many bound sockets are remembered; beyond it the oldest is forgotten, and its path is found anew if it can be. */
const MAX_BOUND = 4096;

/** Where Unix sockets were bound, by cookie: the path that a socket itself tells may be relative. */
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
