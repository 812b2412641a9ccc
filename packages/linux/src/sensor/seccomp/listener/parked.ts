/**
 * Calls that have begun and cannot be answered yet, because the kernel would have the task wait.
 *
 * A task that waits for our answer is woken by nothing but a fatal signal. The kernel's own wait ends with any signal that is
 * not blocked, so parked calls are looked at again and again, and one whose task has such a signal is answered as the
 * kernel answers then: with ERESTARTSYS, which it never shows to a program (it restarts the call or makes EINTR of it).
 */
import { close, poll } from "../../../abi/libc.ts";
import { EINTR, ERESTARTSYS } from "../../../abi/errno.ts";
import { hasSignalPending } from "../../../process/pending-signals.ts";

/** What a parked call waits for. */
export interface Wait {
  readonly tid: number;
  /** A duplicate of ours of the socket, closed when the call is answered. */
  readonly fd: number;
  /** Milliseconds until the kernel would have the call return; undefined for never. */
  readonly limit: number | undefined;
  /** What the call returns when the limit is over: a negative errno. */
  readonly late: number;
  /** Tried when the socket can be written to: what the call returns, a failure as a negative errno, or undefined: not yet. */
  readonly attempt: () => number | undefined;
}

/** How a call is answered; false if its task is gone. */
export interface Answering {
  stillWaits(): boolean;
  answer(result: number): boolean;
}

interface Parked extends Wait {
  readonly until: number;
  readonly to: Answering;
}

const POLLOUT = 4;
/** How long a signal may go unnoticed, in milliseconds; each parked call adds to it what looking at it takes. */
const LOOK_EVERY = 20;

export class ParkedCalls {
  #parked: Parked[] = [];
  #lookAt = 0;

  get count(): number {
    return this.#parked.length;
  }

  add(wait: Wait, to: Answering): void {
    const until = wait.limit === undefined ? Number.POSITIVE_INFINITY : performance.now() + wait.limit;
    this.#parked.push({ ...wait, until, to });
  }

  /** How long may be waited for anything else before these want to be looked at, in milliseconds. */
  get patience(): number {
    const next = this.#parked.reduce((first, { until }) => Math.min(first, until), this.#lookAt);
    return Math.max(0, Math.ceil(next - performance.now()));
  }

  /** Writes an entry of `struct pollfd` for each, 8 bytes, from `offset`. */
  describe(entries: Buffer, offset: number): void {
    this.#parked.forEach(({ fd }, index) => {
      entries.writeInt32LE(fd, offset + 8 * index);
      entries.writeInt32LE(POLLOUT, offset + 8 * index + 4);
    });
  }

  /** Answers those that can be. */
  settle(): void {
    const entries = Buffer.alloc(8 * this.#parked.length);
    this.describe(entries, 0);
    if (poll(entries, this.#parked.length, 0) < 0) return;
    const now = performance.now();
    const mayBeInterrupted = now >= this.#lookAt;
    if (mayBeInterrupted) this.#lookAt = now + LOOK_EVERY + this.#parked.length / 10;
    this.#parked = this.#parked.filter((parked, index) => {
      const isReady = entries.readUInt16LE(8 * index + 6) !== 0;
      const result = isReady ? parked.attempt() : undefined;
      const given = result ?? (now >= parked.until ? parked.late : undefined);
      const ends = given ?? (mayBeInterrupted ? interrupted(parked) : undefined);
      if (ends === undefined) return true;
      if (ends !== "gone") parked.to.answer(ends);
      close(parked.fd);
      return false;
    });
  }

  close(): void {
    for (const { fd } of this.#parked) close(fd);
    this.#parked = [];
  }
}

/** With a limit the kernel does not restart such a call (net/sock.h, sock_intr_errno). */
function interrupted({ tid, limit, to }: Parked): number | "gone" | undefined {
  if (!to.stillWaits()) return "gone";
  if (!hasSignalPending(tid)) return undefined;
  return limit === undefined ? -ERESTARTSYS : -EINTR;
}
