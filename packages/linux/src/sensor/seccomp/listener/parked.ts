/**
 * Calls that have begun and cannot be answered yet, because in the kernel the task would block.
 *
 * A task that waits for the supervisor's answer is woken only by a fatal signal. In the kernel, any signal that is not blocked
 * ends the wait. So parked calls are checked repeatedly, and one whose task has such a signal is answered as the kernel would:
 * with ERESTARTSYS, which the kernel turns into EINTR or restarts. A thread that the signal is not for would see that number. So where
 * it may be another's, the answer is EINTR, as by a handler without SA_RESTART.
 */
import { poll } from "../../../abi/libc.ts";
import { closeAllSoon, closeSoon } from "../../../process/moment.ts";
import { EINTR, ERESTARTSYS } from "../../../abi/errno.ts";
import { type Blocked, wakes } from "../../../process/pending-signals.ts";

/** What a parked call waits for. */
export interface Wait {
  readonly tid: number;
  /** The supervisor's duplicate of the socket, closed when the call is answered. */
  readonly fd: number;
  /** Milliseconds until the kernel would make the call return; undefined for never. */
  readonly limit: number | undefined;
  /** The return value of the call when the limit is over: a negative errno. */
  readonly late: number;
  /**
   * Called when the socket is writable: the return value of the call (a negative errno for a failure), or undefined if it must
   * still wait.
   */
  readonly attempt: () => number | undefined;
}

/** Answers a call; false if its task has ended. */
export interface Answering {
  stillWaits(): boolean;
  answer(result: number): boolean;
}

interface Parked extends Wait {
  readonly until: number;
  readonly to: Answering;
  /** At so many looks, one after the other, there was a signal that another thread of the process may take. */
  spared: number;
  /** Its descriptor showed something, and the call must still wait: until the next look the descriptor is not waited for. */
  isResting: boolean;
  /** The last round of looks that it had its turn in. */
  round: number;
}

/** Counts the descriptors that are kept between calls. */
export interface KeptDescriptors {
  readonly mayKeep: boolean;
  keep(): void;
  giveBack(): void;
}

/** Each is a descriptor of the supervisor, and is looked at again and again. */
const MOST_PARKED = 1024;
const POLLOUT = 4;
const NO_DESCRIPTOR = -1;
/** How long a signal may go unnoticed, in milliseconds. The time to check one parked call is added for each. */
const LOOK_EVERY = 20;
/** After so many looks a signal counts as this thread's. The first thread may need a second to take one, where the machine is busy. */
const LOOKS = { perhaps: 1, unlikely: 50 };
/** After so many milliseconds the other calls come first. Each attempt and each close may take a moment (process/moment.ts). */
const SETTLE_MS = 5;

export class ParkedCalls {
  /** Those that have waited longest for their turn come first. */
  #parked: Parked[] = [];
  #lookAt = 0;
  #round = 0;
  /** There was no time for all of them. */
  #isCut = false;
  readonly #budget: KeptDescriptors;

  constructor(budget: KeptDescriptors) {
    this.#budget = budget;
  }

  get count(): number {
    return this.#parked.length;
  }

  get mayPark(): boolean {
    return this.#parked.length < MOST_PARKED && this.#budget.mayKeep;
  }

  /** `mayPark` must have been true a moment ago. */
  add(wait: Wait, to: Answering): void {
    const until = wait.limit === undefined ? Number.POSITIVE_INFINITY : performance.now() + wait.limit;
    this.#budget.keep();
    this.#parked.push({ ...wait, until, to, spared: 0, isResting: false, round: this.#round });
  }

  /** How long the supervisor may wait for something else before these must be checked, in milliseconds. */
  get patience(): number {
    if (this.#isCut) return 0;
    const next = this.#parked.reduce((first, { until }) => Math.min(first, until), this.#lookAt);
    return Math.max(0, Math.ceil(next - performance.now()));
  }

  /**
   * Writes an entry of `struct pollfd` for each, 8 bytes, from `offset`. The kernel passes over an entry without a descriptor. A socket
   * can show an error for as long as the task likes, while its call must wait (net/ipv4/tcp.c, tcp_poll: the error queue is not empty).
   */
  describe(entries: Buffer, offset: number): void {
    this.#parked.forEach(({ fd, isResting }, index) => {
      entries.writeInt32LE(isResting ? NO_DESCRIPTOR : fd, offset + 8 * index);
      entries.writeInt32LE(POLLOUT, offset + 8 * index + 4);
    });
  }

  /** Answers the calls that are ready, as many as there is time for; the others have their turn first when it is called again. */
  settle(): void {
    const now = performance.now();
    this.#beginLooks(now);
    const entries = Buffer.alloc(8 * this.#parked.length);
    this.describe(entries, 0);
    if (poll(entries, this.#parked.length, 0) < 0) return;
    const blocked: Blocked = new Map();
    const left: Parked[] = [];
    let turns = 0;
    for (const parked of this.#parked) {
      // At least one has its turn, however late it is.
      if (turns > 0 && performance.now() - now >= SETTLE_MS) break;
      const isReady = entries.readUInt16LE(8 * turns + 6) !== 0;
      if (!this.#ends(parked, isReady, now, blocked)) left.push(parked);
      turns += 1;
    }
    this.#isCut = turns < this.#parked.length;
    this.#parked = [...this.#parked.slice(turns), ...left];
  }

  /** Begins a round of looks where it is time: each has its turn in it, although not at once. */
  #beginLooks(now: number): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_EVERY + this.#parked.length / 10;
    this.#round += 1;
    for (const parked of this.#parked) parked.isResting = false;
  }

  /** Whether a call has ended; it is answered then. */
  #ends(parked: Parked, isReady: boolean, now: number, blocked: Blocked): boolean {
    const isLookedAt = parked.round !== this.#round;
    parked.round = this.#round;
    const result = isReady ? attempted(parked) : undefined;
    parked.isResting ||= isReady && result === undefined;
    const given = result ?? (now >= parked.until ? parked.late : undefined);
    const ends = given ?? (isLookedAt ? interrupted(parked, blocked) : undefined);
    if (ends === undefined) return false;
    if (ends !== "gone") parked.to.answer(ends);
    this.#drop(parked);
    return true;
  }

  close(): void {
    closeAllSoon(this.#parked.map(({ fd }) => fd));
    this.#parked.forEach(() => this.#budget.giveBack());
    this.#parked = [];
  }

  #drop({ fd }: Parked): void {
    closeSoon(fd);
    this.#budget.giveBack();
  }
}

/** An attempt acts with the rights of the task and writes into its memory: not for another that has got its number. */
function attempted({ to, attempt }: Parked): number | "gone" | undefined {
  return to.stillWaits() ? attempt() : "gone";
}

/** With a limit the kernel does not restart such a call (net/sock.h, sock_intr_errno). */
function interrupted(parked: Parked, blocked: Blocked): number | "gone" | undefined {
  if (!parked.to.stillWaits()) return "gone";
  const woken = wakes(parked.tid, blocked);
  if (woken === "no") parked.spared = 0;
  // Unless the thread that the signal is for waits as well, it has taken the signal by then.
  if (woken === "no" || ((woken === "perhaps" || woken === "unlikely") && parked.spared++ < LOOKS[woken]))
    return undefined;
  return woken === "surely" && parked.limit === undefined ? -ERESTARTSYS : -EINTR;
}
