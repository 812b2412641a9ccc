/**
 * The supervisor's end of a namespace's seccomp filters: one stopped system call at a time.
 *
 * Most namespaces have one filter. A process that is brought into a running namespace from outside has another, of its own.
 */
import { close, ioctl, poll, pollNow } from "../../../abi/libc.ts";
import { EINTR, ENOENT } from "../../../abi/errno.ts";
import {
  ADDFD_SIZE,
  SECCOMP_ADDFD_FLAG_SETFD,
  NOTIF_SIZE,
  RESPONSE_CONTINUE,
  RESPONSE_SIZE,
  SECCOMP_IOCTL_NOTIF_ADDFD,
  SECCOMP_IOCTL_NOTIF_ID_VALID,
  SECCOMP_IOCTL_NOTIF_RECV,
  SECCOMP_IOCTL_NOTIF_SEND,
  SECCOMP_IOCTL_NOTIF_SET_FLAGS,
  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP,
} from "../../../abi/seccomp.ts";
import { O_CLOEXEC } from "../../../abi/stat.ts";
import { LinuxError } from "../../../error.ts";
import type { Verdict } from "../../mediation.ts";
import type { Answers, HeldCall } from "../../asking.ts";
import type { Attendant } from "./attendant.ts";
import { Notification } from "./call.ts";
import { type KeptDescriptors, ParkedCalls, type Wait } from "./parked.ts";

/** Instead of a verdict: the supervisor has carried the call out and answered it. */
export const ANSWERED = -1;

/** A call that has been received; one that was held comes with the answers about it. */
interface Arrived {
  readonly fd: number;
  readonly bytes: Buffer;
  readonly answers?: Answers | undefined;
}

/** An answer that is not given yet: `struct seccomp_notif_resp`, for the call that arrived at a listener. */
interface Withheld {
  readonly fd: number;
  readonly bytes: Buffer;
}

/** The result of `receive`: a call to decide, an interruption (read the mailbox), or the end. */
export type Received = "call" | "interrupted" | "gone";

/** Filters of one namespace at once: who outlives its thread has to know the listener of each. */
export const MOST_FILTERS = 1000;

const POLLIN = 1;
const POLLERR = 8;
const POLLHUP = 0x10;

export class Listener {
  /** Listeners of all filters; the call that is being decided arrived at `#fd`. */
  readonly #fds: number[];
  #fd: number;
  /** Where the next poll starts, so that no filter is kept waiting by another. */
  #turn = 0;
  readonly call = new Notification();
  readonly #answer: Buffer = Buffer.alloc(RESPONSE_SIZE);
  readonly #addition: Buffer = Buffer.alloc(ADDFD_SIZE);
  /** Calls that have been received and wait for their turn, oldest first; and buffers for more. */
  readonly #received: Arrived[] = [];
  readonly #spare: Buffer[] = [];
  readonly #parked: ParkedCalls;
  #attendant: Attendant | undefined;
  /** The thread of the last call that was waited for. */
  #caller = 0;
  /** What a person has answered about the call that is being decided. */
  answers: Answers | undefined;
  readonly #withheld: Withheld[] = [];
  /** Whether answers wait: what they rest on is being recorded. */
  withholds: () => boolean = () => false;
  /** Told of all listeners when one was added, and before one is closed. */
  onFilters: (fds: readonly number[]) => void = () => {};

  /** The budget is for the descriptors that are kept between calls. */
  constructor(fd: number, budget: KeptDescriptors) {
    this.#parked = new ParkedCalls(budget);
    this.#fds = [];
    this.#fd = fd;
    this.add(fd);
  }

  /** Whether there may be one more. */
  get mayAdd(): boolean {
    return this.#fds.length < MOST_FILTERS;
  }

  /** Adds the listener of another filter. */
  add(fd: number): void {
    // Kernels before 6.6 refuse; the sensor then works more slowly.
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    this.#fds.push(fd);
    this.onFilters(this.#fds);
  }

  /**
   * Blocks until there is a call to decide, or something else has been attended to: then it says `interrupted`, since descriptors that
   * are always ready would keep it here, and requests unread.
   *
   * Until a call is received, any signal to its task interrupts it, and it fails with EINTR unless the handler has SA_RESTART;
   * from then on only a fatal signal does (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV). Many calls never fail with EINTR without
   * isoline, and programs do not expect it. So every pending call is received before any is decided: with eight busy processes,
   * of a hundred calls that a signal arrived during, three fail instead of seventy (docs/foreign-tests.md).
   */
  receive(): Received {
    if (this.#parked.count > 0) this.#parked.settle();
    this.answers = undefined;
    if (this.#isAttended) this.#attendant?.attend();
    if (this.#takeReceived()) return "call";
    const ready = this.#fds.length > 1 || this.#waitsForMore ? this.#awaitAny() : (this.#fds[0] as number);
    if (ready === "parked") return "interrupted";
    if (typeof ready !== "number") return ready;
    this.#fd = ready;
    const received = this.#receiveInto(ready, this.call.bytes);
    // If the same thread calls again and again, it is usually the only one: then there is nothing to poll for.
    if (received === "call" && this.call.tid !== this.#caller) this.receiveWaiting();
    this.#caller = this.call.tid;
    return received;
  }

  /** The same without blocking: `nothing` if there is no call to decide at this moment. */
  receiveNow(): Received | "nothing" {
    if (this.#parked.count > 0) this.#parked.settle();
    this.answers = undefined;
    if (this.#isAttended) this.#attendant?.attend();
    if (this.#takeReceived()) return "call";
    const ready = this.#awaitAny(0);
    if (ready === "parked") return "nothing";
    if (ready === "gone") return this.isOver() ? "gone" : "nothing";
    if (ready === "interrupted") return ready;
    this.#fd = ready;
    return this.#receiveInto(ready, this.call.bytes);
  }

  /** The number of descriptors that it waits for. */
  get waits(): number {
    return this.#fds.length + this.#parked.count + (this.#attendant?.count ?? 0);
  }

  /** Writes an entry of `struct pollfd` of 8 bytes for each of them, from `offset`. */
  describe(entries: Buffer, offset: number): void {
    this.#fds.forEach((fd, index) => {
      entries.writeInt32LE(fd, offset + 8 * index);
      entries.writeInt32LE(POLLIN, offset + 8 * index + 4);
    });
    this.#parked.describe(entries, offset + 8 * this.#fds.length);
    this.#attendant?.describe(entries, offset + 8 * (this.#fds.length + this.#parked.count));
  }

  /** From now on this is attended to as well, whenever it waits for something. */
  attendTo(attendant: Attendant): void {
    this.#attendant = attendant;
  }

  get #isAttended(): boolean {
    return this.#attendant !== undefined && this.#attendant.count > 0;
  }

  /** Whether there is more to wait for than calls. */
  get #waitsForMore(): boolean {
    return this.#parked.count > 0 || this.#isAttended;
  }

  /** Selects the oldest call that has been received and not decided; false if there is none. */
  #takeReceived(): boolean {
    for (let next = this.#received.shift(); next; next = this.#received.shift()) {
      next.bytes.copy(this.call.bytes);
      this.#fd = next.fd;
      this.answers = next.answers;
      this.#spare.push(next.bytes);
      this.receiveWaiting();
      if (this.stillWaiting()) return true;
    }
    return false;
  }

  /** Whether no task is left that could make a call. Before Linux 6.11 a task that has ended is left until it is reaped. */
  isOver(): boolean {
    return this.#fds.every((fd) => shows(fd, POLLHUP));
  }

  /** Receives pending calls. Called wherever a decision takes longer than usual. */
  receiveWaiting(): void {
    for (const fd of this.#fds)
      while (shows(fd, POLLIN)) {
        const bytes = this.#spare.pop() ?? Buffer.alloc(NOTIF_SIZE);
        if (this.#receiveInto(fd, bytes) === "call") this.#received.push({ fd, bytes });
        else this.#spare.push(bytes);
      }
  }

  /**
   * Blocks until a call arrives at one of several listeners, or a parked one must be checked. A listener whose filter no task
   * has any more is closed.
   */
  #awaitAny(patience = this.patience): number | "interrupted" | "gone" | "parked" {
    const count = this.waits;
    const entries = Buffer.alloc(8 * count);
    this.describe(entries, 0);
    const result = poll(entries, count, patience);
    if (result === -EINTR) return "interrupted";
    if (result < 0) throw new LinuxError("sensor-lost", `cannot wait for the seccomp listeners (errno ${-result})`);
    const events = (index: number) => entries.readUInt16LE(8 * index + 6);
    for (let step = 0; step < this.#fds.length; step++) {
      const index = (this.#turn + step) % this.#fds.length;
      if ((events(index) & POLLIN) === 0) continue;
      this.#turn = index + 1;
      return this.#fds[index] as number;
    }
    // A signal that arrives while the kernel waits for a filter's lock (kernel/seccomp.c, seccomp_notify_poll).
    if (this.#fds.some((_, index) => (events(index) & POLLERR) !== 0)) return "interrupted";
    const over = this.#fds.findIndex((_, index) => (events(index) & POLLHUP) !== 0);
    if (over < 0) return this.#waitsForMore ? "parked" : "gone";
    // The last listener is kept: when no task has its filter any more, the namespace has ended.
    if (this.#fds.length > 1) this.#drop(over, 1);
    return "gone";
  }

  /**
   * How long to wait for a call, in milliseconds; -1 without a limit. No descriptor shows calls that have been received and wait
   * for their turn, so there is no wait while there are any.
   */
  get patience(): number {
    if (this.#received.length > 0) return 0;
    const limits: number[] = [];
    if (this.#parked.count > 0) limits.push(this.#parked.patience);
    if (this.#isAttended && this.#attendant?.patience !== undefined) limits.push(this.#attendant.patience);
    return limits.length === 0 ? -1 : Math.min(...limits);
  }

  /** The kernel requires a zeroed buffer. */
  #receiveInto(fd: number, buffer: Buffer): Received {
    buffer.fill(0);
    const result = ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, buffer);
    if (result >= 0) return "call";
    if (result === -EINTR) return "interrupted";
    // The task was killed or interrupted before its call was read, or (since 6.11) no task is left.
    if (result === -ENOENT) return "gone";
    throw new LinuxError("sensor-lost", `cannot receive from the seccomp listener (errno ${-result})`);
  }

  /** Lets the kernel carry the call out. False if the task has ended. */
  proceed(): boolean {
    return this.#send(this.#fd, this.call.bytes, 0n, 0, RESPONSE_CONTINUE);
  }

  /** Makes the call fail with an errno, given as a positive number. False if the task has ended. */
  refuse(errno: number): boolean {
    return this.#send(this.#fd, this.call.bytes, 0n, -errno, 0);
  }

  /** Makes the call return the value of the supervisor's own call. False if the task has ended. */
  answer(value: bigint): boolean {
    return this.#send(this.#fd, this.call.bytes, value, 0, 0);
  }

  /** Gives the answers that waited. */
  release(): void {
    for (const { fd, bytes } of this.#withheld.splice(0)) this.#give(fd, bytes);
  }

  /** Lets the task wait without delaying other tasks; the return value of the call is known later. */
  park(wait: Wait): void {
    const fd = this.#fd;
    const id = Buffer.from(this.call.bytes.subarray(0, 8));
    this.#parked.add(wait, {
      stillWaits: () => this.#insist(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, id) === 0,
      answer: (result) => this.#send(fd, id, BigInt(Math.max(result, 0)), Math.min(result, 0), 0),
    });
  }

  /** Lets the task wait, without delaying others, until its call is decided again from the beginning. */
  hold(): HeldCall {
    const fd = this.#fd;
    const bytes = Buffer.from(this.call.bytes);
    const answers: Answers = this.answers ?? new Map();
    return {
      answers,
      stillWaits: () => this.#insist(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, bytes) === 0,
      again: () => void this.#received.push({ fd, bytes, answers }),
    };
  }

  /** Whether one more call may be parked. */
  get mayPark(): boolean {
    return this.#parked.mayPark;
  }

  /**
   * Gives the task a duplicate of a descriptor, under the lowest number that it has free; returns that number, or a negative
   * errno: EMFILE if it may have no more, ENOENT if it has ended. The task continues to wait. The call is not answered in the
   * same step (SECCOMP_ADDFD_FLAG_SEND): a signal to the supervisor would then make the call return without the descriptor. And
   * if the supervisor still held the file when the task goes on, its locks would persist and executing it would fail with
   * ETXTBSY.
   */
  give(fd: number, isClosedOnExec: boolean): number {
    return this.#addFd(fd, 0, 0, isClosedOnExec);
  }

  /** The same under a number of the task's, whose file it replaces as `dup2` does. */
  replace(fd: number, number: number, isClosedOnExec: boolean): number {
    return this.#addFd(fd, SECCOMP_ADDFD_FLAG_SETFD, number, isClosedOnExec);
  }

  #addFd(fd: number, flags: number, number: number, isClosedOnExec: boolean): number {
    this.call.bytes.copy(this.#addition, 0, 0, 8);
    this.#addition.writeUInt32LE(flags, 8);
    this.#addition.writeUInt32LE(fd, 12);
    this.#addition.writeUInt32LE(number, 16);
    this.#addition.writeUInt32LE(isClosedOnExec ? O_CLOEXEC : 0, 20);
    return this.#insist(this.#fd, SECCOMP_IOCTL_NOTIF_ADDFD, this.#addition);
  }

  /** Whether the task still waits for this answer: then everything read from it meanwhile was really its own. */
  stillWaiting(): boolean {
    return this.#insist(this.#fd, SECCOMP_IOCTL_NOTIF_ID_VALID, this.call.bytes) === 0;
  }

  /**
   * Whether the call goes ahead, so that it may be remembered. Without the task there is no call, and there may be no event: another
   * thread may have ended the task, or executed, while it was decided.
   */
  goesAhead(verdict: Verdict): boolean {
    return verdict === 0 && this.stillWaiting();
  }

  close(): void {
    this.#parked.close();
    this.#drop(0, this.#fds.length);
  }

  #drop(from: number, count: number): void {
    const dropped = this.#fds.splice(from, count);
    this.onFilters(this.#fds);
    dropped.forEach(close);
  }

  /** `struct seccomp_notif_resp`: u64 id, s64 val, s32 error, u32 flags. */
  #send(fd: number, id: Buffer, value: bigint, error: number, flags: number): boolean {
    id.copy(this.#answer, 0, 0, 8);
    this.#answer.writeBigInt64LE(value, 8);
    this.#answer.writeInt32LE(error, 16);
    this.#answer.writeUInt32LE(flags, 20);
    if (!this.withholds()) return this.#give(fd, this.#answer);
    this.#withheld.push({ fd, bytes: Buffer.from(this.#answer) });
    return true;
  }

  #give(fd: number, answer: Buffer): boolean {
    // A consequence of an answer (a signal, the end of a child) may interrupt a task whose call has not been received by then.
    this.receiveWaiting();
    const result = this.#insist(fd, SECCOMP_IOCTL_NOTIF_SEND, answer);
    if (result >= 0) return true;
    if (result === -ENOENT) return false;
    throw new LinuxError("sensor-lost", `cannot answer a stopped system call (errno ${-result})`);
  }

  /**
   * All of these wait for the filter's lock or the task. A doorbell signal may interrupt that wait: then the result says
   * nothing about the call, and nothing has been done (kernel/seccomp.c, seccomp_notify_addfd removes the descriptor again).
   */
  #insist(fd: number, request: number, argument: Buffer): number {
    let result = ioctl(fd, request, argument);
    while (result === -EINTR) result = ioctl(fd, request, argument);
    return result;
  }
}

/** A negative result is an errno: a doorbell signal interrupts even a poll that does not wait. */
function shows(fd: number, event: number): boolean {
  const events = pollNow(fd, event);
  return events > 0 && (events & event) !== 0;
}
