/**
 * Calls of the calling thread that must not wait in the kernel for longer than a moment, although a task decides whether they wait: it can
 * make a socket wait (FIONBIO) between two calls of the supervisor.
 *
 * A timer of the thread's own sends it the doorbell's signal, whose handler does not restart calls. It does so again and again while the
 * call lasts: the first signal may come before the call waits. The timer is made beforehand, because the user's processes could use up
 * what timers are made of (RLIMIT_SIGPENDING). All sensors that a thread serves share one.
 */
import { EAGAIN } from "../abi/errno.ts";
import { close, gettid } from "../abi/libc.ts";
import { rawCall } from "../abi/raw-call.ts";
import { LinuxError } from "../error.ts";
import { armDoorbell, DOORBELL } from "./doorbell.ts";

/** x86-64 system call numbers (arch/x86/entry/syscalls/syscall_64.tbl). */
const NR = { timer_create: 222, timer_settime: 223, timer_delete: 226 } as const;
const CLOCK_MONOTONIC = 1;
/** asm-generic/siginfo.h: the signal goes to one thread. `struct sigevent`: u64 value, int signal, int kind, int thread; 64 bytes. */
const SIGEV_THREAD_ID = 4;
const SIGEVENT_BYTES = 64;
/** `struct itimerspec`: how often, and when first, each in seconds and nanoseconds, of 8 bytes. */
const ITIMERSPEC_BYTES = 32;
/** What does not wait takes microseconds. */
const MOMENT = 5_000_000n;

/** For each of many: a thousand take a tenth of a second. */
const SHORT = 100_000n;

const armed = everySoOften(MOMENT);
const armedForMany = everySoOften(SHORT);
const disarmed: Buffer = Buffer.alloc(ITIMERSPEC_BYTES);

/** The calling thread's timer, and how many sensors need it. A timer outlives its thread, and so has to be deleted. */
let timer: number | undefined;
let users = 0;

/**
 * Makes the timer of the calling thread, unless it has one. A thread that serves many sensors, one after the other, prepares it once for
 * itself: with the last of them the timer would go, and the next might not get another.
 */
export function prepareMoments(): void {
  timer ??= timerOfThread();
  users += 1;
}

/** Deletes it after the last of those that have prepared it. */
export function endMoments(): void {
  users -= 1;
  if (users > 0 || timer === undefined) return;
  rawCall(NR.timer_delete, [timer]);
  timer = undefined;
}

/** Makes a call; its result, which is EINTR if it waited too long. Needs `prepareMoments`. */
export function withinMoment(call: () => number): number {
  rawCall(NR.timer_settime, [timer as number, 0, armed]);
  try {
    return call();
  } finally {
    rawCall(NR.timer_settime, [timer as number, 0, disarmed]);
  }
}

/**
 * Closes a duplicate of a descriptor of a task, of which it may be the last: then the close waits for as long as the task has said, for the
 * peer of a socket (SO_LINGER) or until a terminal has sent its output. What is still to be sent by a socket is sent all the same.
 */
export function closeSoon(fd: number): void {
  if (timer === undefined) close(fd);
  else withinMoment(() => close(fd));
}

/** The same for many, of which each may wait. */
export function closeAllSoon(fds: readonly number[]): void {
  if (timer !== undefined) rawCall(NR.timer_settime, [timer, 0, armedForMany]);
  for (const fd of fds) close(fd);
  if (timer !== undefined) rawCall(NR.timer_settime, [timer, 0, disarmed]);
}

function everySoOften(nanoseconds: bigint): Buffer {
  const setting: Buffer = Buffer.alloc(ITIMERSPEC_BYTES);
  setting.writeBigInt64LE(nanoseconds, 8);
  setting.writeBigInt64LE(nanoseconds, 24);
  return setting;
}

const NONE_LEFT =
  "cannot make a timer for the supervising thread: processes of this user have as many signals and timers as the limit permits; " +
  "raise the limit (RLIMIT_SIGPENDING: `ulimit -i`), or end the process that has them";

function timerOfThread(): number {
  armDoorbell();
  const event = Buffer.alloc(SIGEVENT_BYTES);
  event.writeInt32LE(DOORBELL, 8);
  event.writeInt32LE(SIGEV_THREAD_ID, 12);
  event.writeInt32LE(gettid(), 16);
  const made = Buffer.alloc(4);
  const result = rawCall(NR.timer_create, [CLOCK_MONOTONIC, event, made]);
  if (result === -EAGAIN) throw new LinuxError("system-call-failed", NONE_LEFT);
  if (result < 0)
    throw new LinuxError("system-call-failed", `cannot make a timer for the supervising thread (errno ${-result})`);
  return made.readInt32LE(0);
}
