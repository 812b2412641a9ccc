/**
 * The workload's first process as its parent sees it: how it ends, when it stops, and what it must be given back.
 */
import { exitGroup, kill, prctl, prlimit, sigaction, sigprocmask, wait4 } from "../abi/libc.ts";

const WNOHANG = 1;
const WUNTRACED = 2;
const WCONTINUED = 8;
const RLIMIT_NOFILE = 7;
const SIG_IGN = 1n;
const PR_SET_DUMPABLE = 4;
const SIG_UNBLOCK = 1;

/** What became of a child since it was last asked after. */
export type ChildState =
  | { readonly state: "running" }
  | { readonly state: "stopped"; readonly signal: number }
  | { readonly state: "exited"; readonly status: number }
  | { readonly state: "killed"; readonly signal: number; readonly coreDumped: boolean };

/** Asks after a child without waiting. Each change is told once. */
export function childState(pid: number): ChildState {
  const word = Buffer.alloc(4);
  const result = wait4(pid, word, WNOHANG | WUNTRACED | WCONTINUED);
  if (result <= 0) return { state: "running" };
  const status = word.readInt32LE(0);
  if (status === 0xffff) return { state: "running" };
  if ((status & 0xff) === 0x7f) return { state: "stopped", signal: (status >> 8) & 0xff };
  if ((status & 0x7f) === 0) return { state: "exited", status: (status >> 8) & 0xff };
  return { state: "killed", signal: status & 0x7f, coreDumped: (status & 0x80) !== 0 };
}

/** Sets a process's soft limit of open files, leaving its hard limit. */
export function setOpenFileLimit(pid: number, soft: number): void {
  const limit = Buffer.alloc(16);
  if (prlimit(pid, RLIMIT_NOFILE, null, limit) < 0) return;
  limit.writeBigUInt64LE(BigInt(soft), 0);
  prlimit(pid, RLIMIT_NOFILE, limit, null);
}

/**
 * Runs `start` with another soft limit of open files, which whatever it starts inherits. The limit belongs to the whole
 * process, so it is set for no longer than that.
 */
export function withOpenFileLimit<T>(soft: number, start: () => T): T {
  const before = Buffer.alloc(16);
  if (prlimit(0, RLIMIT_NOFILE, null, before) < 0) return start();
  setOpenFileLimit(0, soft);
  try {
    return start();
  } finally {
    prlimit(0, RLIMIT_NOFILE, before, null);
  }
}

/** Makes this process, and so what it starts, ignore a signal again that it was started ignoring. */
export function ignoreSignal(signal: number): void {
  const action = Buffer.alloc(152);
  action.writeBigUInt64LE(SIG_IGN, 0);
  sigaction(signal, action, null);
}

/** Sends a signal; false if there is nobody to take it. */
export function sendSignal(pid: number, signal: number): boolean {
  return kill(pid, signal) >= 0;
}

/**
 * Ends this process at once. Node's own exit would put the terminal back to how it found it, but what the workload left
 * there on purpose (`stty -echo`) is none of our business. What is still buffered is lost: write before.
 */
export function leave(status: number): never {
  return exitGroup(status);
}

/** Ends this process by the signal that ended the workload, so that a parent sees what it would have seen; without a core of ours. */
export function dieBySignal(signal: number): never {
  prctl(PR_SET_DUMPABLE, 0);
  sigaction(signal, Buffer.alloc(152), null);
  const set = Buffer.alloc(128);
  set.writeBigUInt64LE(1n << BigInt(signal - 1), 0);
  sigprocmask(SIG_UNBLOCK, set);
  kill(process.pid, signal);
  // Only a signal that does not end a process by default comes back here.
  return leave(128 + signal);
}
