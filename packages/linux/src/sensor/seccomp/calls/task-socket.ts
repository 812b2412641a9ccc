/**
 * A socket behind a descriptor of a task.
 */
import { close, getsockname, getsockopt, pidfdGetfd, pidfdOpen } from "../../../abi/libc.ts";
import { EACCES, EBADF } from "../../../abi/errno.ts";
import { type Address, parseAddress } from "../../words/sockets.ts";
import type { Thread } from "../tasks/process.ts";

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_DOMAIN = 39;

/** A socket of a task, as it is at this moment. */
export interface SocketFacts {
  readonly family: number;
  readonly type: number;
  /** Tells one socket from another for as long as it lives. */
  readonly cookie: string;
  readonly local: Address | undefined;
}

const SO_COOKIE = 57;
const value: Buffer = Buffer.alloc(8);
const valueLength: Buffer = Buffer.alloc(4);
const address: Buffer = Buffer.alloc(128);

/**
 * Looks at a descriptor of a thread through a duplicate; a negative errno if it cannot be had, or is no socket. By the
 * thread, not by its process: a thread may have descriptors of its own (CLONE_FILES), and the first thread may be gone.
 */
export function socketFacts(thread: Thread, fd: number): SocketFacts | number {
  const own = duplicate(thread, fd);
  if (own < 0) return own;
  try {
    const family = option(own, SO_DOMAIN);
    if (family < 0) return family;
    const type = option(own, SO_TYPE);
    const cookie = optionBytes(own, SO_COOKIE, 8) < 0 ? "" : value.toString("hex");
    valueLength.writeUInt32LE(address.length, 0);
    const named = getsockname(own, address, valueLength);
    return { family, type, cookie, local: named < 0 ? undefined : parseAddress(address, valueLength.readUInt32LE(0)) };
  } finally {
    close(own);
  }
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
