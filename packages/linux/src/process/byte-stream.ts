/**
 * Streams of bytes between processes and machines: Unix sockets, vsock(7), character devices such as a port of virtio-serial. The
 * calling thread waits in the kernel, never longer than it says. A doorbell signal does not end a wait.
 */
import { closeSync, constants, openSync } from "node:fs";
import { EAGAIN, EINTR } from "../abi/errno.ts";
import { pollNow, poll } from "../abi/libc.ts";
import { familyOf, unixAddress, vsockAddress } from "../abi/socket-address.ts";
import { accept, bind, connect, listen, openSocket, setSendTimeout, setWaits, SOCK_STREAM } from "../abi/sockets.ts";
import { rawCall } from "../abi/raw-call.ts";

/** Where a stream begins or listens. */
export type StreamAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number }
  | { readonly kind: "device"; readonly path: string };

const [POLLIN, POLLOUT] = [1, 4];
const [READ, WRITE] = [0, 1];
const ENAMETOOLONG = 36;
const EINVAL = 22;
const BACKLOG = 64;

/** Connects to an address, or opens it; a descriptor that does not block, or a negative errno. */
export function openStream(address: StreamAddress, milliseconds: number): number {
  if (address.kind === "device") return openDevice(address.path);
  const target = socketAddressOf(address);
  if (target === undefined) return -ENAMETOOLONG;
  const fd = openSocket(familyOf(target), SOCK_STREAM);
  if (fd < 0) return fd;
  // Connecting to a Unix socket cannot be waited for by poll(2), so this one call blocks, with a limit.
  setWaits(fd, true);
  setSendTimeout(fd, milliseconds);
  const result = connect(fd, target);
  setWaits(fd, false);
  if (result >= 0) return fd;
  closeSync(fd);
  return result;
}

/** Listens at an address; a descriptor, or a negative errno. A device has no listeners: it is opened. */
export function listenForStreams(address: StreamAddress): number {
  const at = socketAddressOf(address);
  if (at === undefined) return address.kind === "device" ? -EINVAL : -ENAMETOOLONG;
  const fd = openSocket(familyOf(at), SOCK_STREAM);
  if (fd < 0) return fd;
  const result = bind(fd, at);
  const listening = result < 0 ? result : listen(fd, BACKLOG);
  if (listening >= 0) return fd;
  closeSync(fd);
  return listening;
}

/** Waits for the next stream to a listener; a descriptor that does not block, or a negative errno. */
export function acceptStream(listener: number): number {
  for (;;) {
    const fd = accept(listener);
    // Several threads accept from one listener, so another one may have been faster.
    if (fd !== -EAGAIN && fd !== -EINTR) return fd;
    awaitStream(listener, "read", -1);
  }
}

const entry: Buffer = Buffer.alloc(8);

/** Waits until a stream can be read or written, or has ended; false if that took longer. -1: without a limit. */
export function awaitStream(fd: number, to: "read" | "write", milliseconds: number): boolean {
  const events = to === "read" ? POLLIN : POLLOUT;
  const until = milliseconds < 0 ? Number.POSITIVE_INFINITY : performance.now() + milliseconds;
  for (;;) {
    entry.writeInt32LE(fd, 0);
    entry.writeInt32LE(events, 4);
    const left = until - performance.now();
    if (left <= 0) return pollNow(fd, events) > 0;
    const result = poll(entry, 1, Number.isFinite(left) ? Math.ceil(left) : -1);
    if (result > 0) return true;
    if (result < 0 && result !== -EINTR) return false;
  }
}

/** `read(2)`: the number of bytes, 0 at the end, or a negative errno. */
export function readStream(fd: number, bytes: Buffer): number {
  return rawCall(READ, [fd, bytes, bytes.length]);
}

/** `write(2)`: the number of bytes, or a negative errno. SIGPIPE is ignored by Node. */
export function writeStream(fd: number, bytes: Buffer): number {
  return rawCall(WRITE, [fd, bytes, bytes.length]);
}

function openDevice(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (fault) {
    const { errno = -EINVAL } = fault as NodeJS.ErrnoException;
    return errno;
  }
}

function socketAddressOf(address: StreamAddress): Buffer | undefined {
  if (address.kind === "unix") return unixAddress(address.path);
  return address.kind === "vsock" ? vsockAddress(address.cid, address.port) : undefined;
}
