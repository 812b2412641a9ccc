/**
 * Calls on the supervisor's duplicate of a task's socket: raw system calls, so that errors are the kernel's own.
 *
 * Every function returns what the kernel returns, with failure as a negative errno.
 */
import { getsockopt } from "./libc.ts";
import { rawCall } from "./raw-call.ts";

/** x86-64 system call numbers (arch/x86/entry/syscalls/syscall_64.tbl). */
const NR = { connect: 42, sendto: 44, sendmsg: 46, bind: 49, listen: 50, fcntl: 72 } as const;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

/** `connect(2)`, which may block. */
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

/** Whether calls on this open file block; false if the descriptor is closed, for which it cannot be known. */
export function waits(fd: number): boolean {
  const flags = rawCall(NR.fcntl, [fd, F_GETFL]);
  return flags >= 0 && (flags & O_NONBLOCK) === 0;
}

/** Makes calls on this open file block or not. This affects every descriptor of it, in all processes. */
export function setWaits(fd: number, should: boolean): void {
  const flags = rawCall(NR.fcntl, [fd, F_GETFL]);
  if (flags >= 0) rawCall(NR.fcntl, [fd, F_SETFL, should ? flags & ~O_NONBLOCK : flags | O_NONBLOCK]);
}

const time: Buffer = Buffer.alloc(16);
const timeLength: Buffer = Buffer.alloc(4);

/** How long a call that sends or connects blocks (SO_SNDTIMEO), in milliseconds; undefined without a limit. */
export function sendTimeout(fd: number): number | undefined {
  timeLength.writeUInt32LE(time.length, 0);
  if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, time, timeLength) < 0) return undefined;
  const milliseconds = Number(time.readBigInt64LE(0)) * 1000 + Number(time.readBigInt64LE(8)) / 1000;
  return milliseconds === 0 ? undefined : milliseconds;
}
