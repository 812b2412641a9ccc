/**
 * Signals that reach this process because it is of a group, or of a user, that somebody signals: what it started and its shell
 * put into the same group share that with it.
 */
import { ignoreSignal } from "./child.ts";

/**
 * What ends or stops this process whatever it does (signal(7), x86-64): SIGKILL and SIGSTOP, which cannot be caught; SIGILL,
 * SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV and SIGSYS, which its own faults raise, and which it must not outlive.
 */
const DEADLY: ReadonlySet<number> = new Set([9, 19, 4, 5, 6, 7, 8, 11, 31]);
/** Of the C library itself: to cancel a thread, and to set ids of all (nptl/internal-signals.h). */
const OF_LIBRARY = [32, 33];

export function isDeadly(signal: number): boolean {
  return DEADLY.has(signal);
}

/** Ignores every signal that is neither handled nor deadly: by default most of them end a process. */
export function ignoreUnhandled(handled: readonly number[]): void {
  for (let signal = 1; signal <= 64; signal++)
    if (!DEADLY.has(signal) && !OF_LIBRARY.includes(signal) && !handled.includes(signal)) ignoreSignal(signal);
}
