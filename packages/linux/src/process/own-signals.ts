/**
 * Signals that another process sends to this process's group or user. The workload and its shell may share the group with this
 * process.
 */
import { ignoreSignal } from "./child.ts";

/**
 * Signals that end or stop this process in any case (signal(7), x86-64): SIGKILL and SIGSTOP cannot be caught; SIGILL, SIGTRAP,
 * SIGABRT, SIGBUS, SIGFPE, SIGSEGV and SIGSYS are raised by its own faults, which it must not survive.
 */
const DEADLY: ReadonlySet<number> = new Set([9, 19, 4, 5, 6, 7, 8, 11, 31]);
/** Used by the C library itself: to cancel a thread, and to set ids of all threads (nptl/internal-signals.h). */
const OF_LIBRARY = [32, 33];

export function isDeadly(signal: number): boolean {
  return DEADLY.has(signal);
}

/** Ignores every signal that is neither handled nor deadly: the default action of most would end this process. */
export function ignoreUnhandled(handled: readonly number[]): void {
  for (let signal = 1; signal <= 64; signal++)
    if (!DEADLY.has(signal) && !OF_LIBRARY.includes(signal) && !handled.includes(signal)) ignoreSignal(signal);
}
