/**
 * Calls on the supervisor's duplicate of a task's socket: raw system calls, so that errors are the kernel's own.
 *
 * Every function returns what the kernel returns, with failure as a negative errno.
 */
import { getsockopt, ioctl } from "./libc.ts";
import { rawCall } from "./raw-call.ts";

/** x86-64 system call numbers (arch/x86/entry/syscalls/syscall_64.tbl). */
const NR = {
  socket: 41,
  connect: 42,
  sendto: 44,
  recvfrom: 45,
  sendmsg: 46,
  recvmsg: 47,
  bind: 49,
  listen: 50,
  getpeername: 52,
  socketpair: 53,
  setsockopt: 54,
  fcntl: 72,
  accept4: 288,
} as const;
const F_DUPFD_CLOEXEC = 1030;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
/** asm-generic/ioctls.h */
const FIONBIO = 0x5421;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

/** Flags of a socket's type. */
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;

/** A socket of this process that does not block. */
export function openSocket(family: number, type: number): number {
  return rawCall(NR.socket, [family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0]);
}

/** Two Unix stream sockets that are connected and do not block; a negative errno if there are none. */
export function streamPair(): readonly [number, number] | number {
  const pair: Buffer = Buffer.alloc(8);
  const result = rawCall(NR.socketpair, [1, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair]);
  return result < 0 ? result : [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** `accept4(2)`: a socket that does not block. */
export function accept(fd: number): number {
  return rawCall(NR.accept4, [fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC]);
}

/** `recv(2)` into a whole Buffer; the number of bytes. */
export function receive(fd: number, bytes: Buffer, flags = 0): number {
  return rawCall(NR.recvfrom, [fd, bytes, bytes.length, flags]);
}

/** `send(2)`; the number of bytes that were sent. */
export function send(fd: number, bytes: Buffer, flags = MSG_NOSIGNAL): number {
  return rawCall(NR.sendto, [fd, bytes, bytes.length, flags]);
}

/** `recvmsg(2)` with a `struct msghdr` of 56 bytes, whose addresses the caller keeps alive. */
export function receiveMessage(fd: number, header: Buffer, flags: number): number {
  return rawCall(NR.recvmsg, [fd, header, flags]);
}

const peerLength: Buffer = Buffer.alloc(4);

/** `getpeername(2)`; the length of the address, or a negative errno. */
export function peerName(fd: number, address: Buffer): number {
  peerLength.writeUInt32LE(address.length, 0);
  const result = rawCall(NR.getpeername, [fd, address, peerLength]);
  return result < 0 ? result : peerLength.readUInt32LE(0);
}

/** A duplicate of a descriptor of this process; a negative errno if there is none. */
export function duplicate(fd: number): number {
  return rawCall(NR.fcntl, [fd, F_DUPFD_CLOEXEC, 0]);
}

/** Gives an open file the flags of another (F_SETFL): whether calls block, and which signals it sends. */
export function copyFlags(from: number, to: number): void {
  const flags = rawCall(NR.fcntl, [from, F_GETFL]);
  if (flags >= 0) rawCall(NR.fcntl, [to, F_SETFL, flags]);
}

/** `connect(2)`, which may block: on a socket of a task only within a moment (`process/moment.ts`). */
export function connect(fd: number, address: Buffer): number {
  return rawCall(NR.connect, [fd, address, address.length]);
}

export function bind(fd: number, address: Buffer): number {
  return rawCall(NR.bind, [fd, address, address.length]);
}

export function listen(fd: number, backlog: number): number {
  return rawCall(NR.listen, [fd, backlog]);
}

/** `sendto(2)`; the number of bytes that were sent. */
export function sendTo(fd: number, bytes: Buffer, flags: number, address: Buffer): number {
  return rawCall(NR.sendto, [fd, bytes, bytes.length, flags, address, address.length]);
}

/** `sendmsg(2)` with a `struct msghdr` of 56 bytes, whose addresses the caller keeps alive. */
export function sendMessage(fd: number, header: Buffer, flags: number): number {
  return rawCall(NR.sendmsg, [fd, header, flags]);
}

/** Limits how long a call that sends or connects blocks (SO_SNDTIMEO), in milliseconds. */
export function setSendTimeout(fd: number, milliseconds: number): void {
  const limit: Buffer = Buffer.alloc(16);
  limit.writeBigInt64LE(BigInt(Math.floor(milliseconds / 1000)), 0);
  limit.writeBigInt64LE(BigInt((milliseconds % 1000) * 1000), 8);
  rawCall(NR.setsockopt, [fd, SOL_SOCKET, SO_SNDTIMEO, limit, limit.length]);
}

/** Whether calls on this open file block; false if the descriptor is closed, for which it cannot be known. */
export function waits(fd: number): boolean {
  const flags = rawCall(NR.fcntl, [fd, F_GETFL]);
  return flags >= 0 && (flags & O_NONBLOCK) === 0;
}

/**
 * Makes calls on this open file block or not. This affects every descriptor of it, in all processes. Another thread may change it back
 * at any moment.
 */
export function setWaits(fd: number, should: boolean): void {
  ioctl(fd, FIONBIO, should ? NO : YES);
}

const [NO, YES] = [0, 1].map((value) => {
  const number = Buffer.alloc(4);
  number.writeInt32LE(value, 0);
  return number;
}) as [Buffer, Buffer];

const time: Buffer = Buffer.alloc(16);
const timeLength: Buffer = Buffer.alloc(4);

/** How long a call that sends or connects blocks (SO_SNDTIMEO), in milliseconds; undefined without a limit. */
export function sendTimeout(fd: number): number | undefined {
  timeLength.writeUInt32LE(time.length, 0);
  if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, time, timeLength) < 0) return undefined;
  const milliseconds = Number(time.readBigInt64LE(0)) * 1000 + Number(time.readBigInt64LE(8)) / 1000;
  return milliseconds === 0 ? undefined : milliseconds;
}
