/**
 * Sockets as people name them: family, type, address.
 */
import { escapeBytes } from "@isoline/core";
import { close, getsockname, getsockopt, pidfdGetfd, pidfdOpen } from "../../abi/libc.ts";
import { EACCES, EBADF } from "../../abi/errno.ts";
import type { Thread } from "./actors.ts";

/** linux/socket.h */
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;

const families: Readonly<Record<number, string>> = {
  0: "unspec",
  1: "unix",
  2: "inet",
  10: "inet6",
  15: "key",
  16: "netlink",
  17: "packet",
  29: "can",
  30: "tipc",
  31: "bluetooth",
  38: "alg",
  40: "vsock",
  44: "xdp",
};
const types: Readonly<Record<number, string>> = {
  1: "stream",
  2: "dgram",
  3: "raw",
  4: "rdm",
  5: "seqpacket",
  6: "dccp",
  10: "packet",
};
const SOCK_TYPE_MASK = 0xf;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_DOMAIN = 39;

export function familyName(family: number): string {
  return families[family] ?? `family-${family}`;
}

export function typeName(type: number): string {
  return types[type & SOCK_TYPE_MASK] ?? `type-${type & SOCK_TYPE_MASK}`;
}

/** A `struct sockaddr`, taken apart. `path` is a file-system address still to be resolved. */
export interface Address {
  readonly family: number;
  readonly text: string;
  readonly port?: number;
  readonly path?: Buffer;
}

/** Reads a `struct sockaddr` of `length` bytes; undefined if it is too short to mean anything (the kernel refuses it then). */
export function parseAddress(bytes: Buffer, length: number): Address | undefined {
  if (length < 2) return undefined;
  const family = bytes.readUInt16LE(0);
  switch (family) {
    case AF_INET: {
      if (length < 8) return undefined;
      const port = bytes.readUInt16BE(2);
      return { family, text: `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}:${port}`, port };
    }
    case AF_INET6: {
      if (length < 24) return undefined;
      const port = bytes.readUInt16BE(2);
      return { family, text: `[${ipv6(bytes.subarray(8, 24))}]:${port}`, port };
    }
    case AF_UNIX:
      return unixAddress(bytes.subarray(2, length));
    case AF_NETLINK: {
      if (length < 12) return undefined;
      // nl_pid 0 is the kernel; any other number is a port that the kernel or the task picked.
      return {
        family,
        text: `${bytes.readUInt32LE(4) === 0 ? "kernel" : "peer"}:${bytes.readUInt32LE(8).toString(16)}`,
      };
    }
    default:
      return { family, text: bytes.subarray(2, length).toString("hex") };
  }
}

function unixAddress(path: Buffer): Address {
  if (path.length === 0) return { family: AF_UNIX, text: "unnamed" };
  if (path[0] === 0) return { family: AF_UNIX, text: `@${escapeBytes(path.subarray(1))}` };
  const end = path.indexOf(0);
  const bytes = Buffer.from(end < 0 ? path : path.subarray(0, end));
  return { family: AF_UNIX, text: escapeBytes(bytes), path: bytes };
}

/** The address that a socket of IPv4 takes one of no family for (net/ipv4/udp.c, udp_sendmsg): undefined if it is too short. */
export function unspecifiedAsInet(address: Address): Address | undefined {
  const bytes = Buffer.concat([Buffer.of(AF_INET, 0), Buffer.from(address.text, "hex")]);
  return parseAddress(bytes, bytes.length);
}

/** RFC 5952 text of 16 bytes: lower case, the longest run of zero groups (of two or more, the first if equal) as `::`. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

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
  // Kernels before 6.9 only let us ask the first thread: what it has not, this one may have.
  if (own === -EBADF && thread.pidfd < 0 && thread.tid !== thread.process.pid) return -EACCES;
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
function duplicate(thread: Thread, fd: number): number {
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
