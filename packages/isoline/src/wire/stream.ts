/** A stream of bytes with deadlines: what the frames of a wire are carried by, whatever the transport. */
import { lost } from "./faults.ts";

/** A transport. `read` and `write` return a number of bytes, or a negative errno; 0 is the end. */
export interface Transport {
  read(bytes: Buffer): number;
  write(bytes: Buffer): number;
  /** Waits until one of these can go on; false if that took longer than so many milliseconds (-1: no limit). */
  await(to: "read" | "write", milliseconds: number): boolean;
  /** Takes bytes back that were read, for the next reader; a transport that has one session only has no need of it. */
  unread?(bytes: Buffer): void;
  close(): void;
}

/** A moment by the clock of `performance.now()`, in milliseconds; undefined for a wait without a limit. */
export type Deadline = number | undefined;

export const within = (milliseconds: number): Deadline => performance.now() + milliseconds;

const [EINTR, EAGAIN] = [4, 11];

/** Fills the whole buffer. */
export function readWhole(transport: Transport, bytes: Buffer, until: Deadline): void {
  for (let at = 0; at < bytes.length; ) {
    const count = transport.read(at === 0 ? bytes : bytes.subarray(at));
    if (count > 0) at += count;
    else if (count === 0) throw lost("the other end closed the wire");
    else goOn(transport, "read", -count, until);
  }
}

/** Writes the whole buffer: a reader that does not keep up makes the writer wait. */
export function writeWhole(transport: Transport, bytes: Buffer, until: Deadline): void {
  for (let at = 0; at < bytes.length; ) {
    const count = transport.write(at === 0 ? bytes : bytes.subarray(at));
    if (count > 0) at += count;
    else goOn(transport, "write", -count, until);
  }
}

function goOn(transport: Transport, to: "read" | "write", errno: number, until: Deadline): void {
  if (errno === EINTR) return;
  if (errno !== EAGAIN) throw lost(`the wire is broken (errno ${errno})`);
  const left = until === undefined ? -1 : Math.max(0, until - performance.now());
  if (transport.await(to, left)) return;
  throw lost(to === "read" ? "no answer came in time" : "nothing was taken from the wire in time");
}
