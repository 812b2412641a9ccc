/** The workload's first process as seen by its parent: how it ends, when it stops, and which limits and signals it gets back. */
import { readdirSync } from "node:fs";
import { exitGroup, kill, prctl, prlimit, sigaction, sigprocmask, wait4 } from "../abi/libc.ts";
import { filtersOf } from "./filters.ts";
import { childrenOf, statFields } from "./proc-status.ts";

const WNOHANG = 1;
const WUNTRACED = 2;
const WCONTINUED = 8;
const RLIMIT_NOFILE = 7;
const SIG_IGN = 1n;
const PR_SET_DUMPABLE = 4;
const SIG_UNBLOCK = 1;

/** The change of a child's state since the last query. */
export type ChildState =
  | { readonly state: "running" }
  | { readonly state: "stopped"; readonly signal: number }
  | { readonly state: "exited"; readonly status: number }
  | { readonly state: "killed"; readonly signal: number; readonly coreDumped: boolean };

/** Queries a child's state without waiting. Each change is returned once. */
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

/** A child of this process that has ended, and waits to be reaped. */
export interface EndedChild {
  readonly pid: number;
  /** When it started: another process may get its number. */
  readonly started: string;
}

/**
 * Children that have ended under more seccomp filters than so many, up to so many children: a zombie keeps the count of its filters.
 * None where the kernel lists no children (CONFIG_PROC_CHILDREN), or nothing can be opened for now.
 */
export function endedUnderMore(filters: number, most: number): readonly EndedChild[] {
  const children = ownThreads()
    .flatMap((thread) => childrenOf(process.pid, thread) ?? [])
    .slice(0, most);
  return children.flatMap((pid) => {
    const fields = statFields(pid);
    const isEnded = fields?.[0] === "Z" && (filtersOf(pid) ?? 0) > filters;
    return isEnded ? [{ pid, started: fields[22 - 3] ?? "" }] : [];
  });
}

/** None where `/proc` cannot be listed: at the limit of open files, or where it is covered. */
function ownThreads(): readonly number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return [];
  }
}

/** Sets a process's soft limit of open files, leaving its hard limit. */
export function setOpenFileLimit(pid: number, soft: number): void {
  const limit = Buffer.alloc(16);
  if (prlimit(pid, RLIMIT_NOFILE, null, limit) < 0) return;
  limit.writeBigUInt64LE(BigInt(soft), 0);
  prlimit(pid, RLIMIT_NOFILE, limit, null);
}

/**
 * Runs `start` with another soft limit of open files, which every process that it starts inherits. The limit belongs to the
 * whole process, so it is restored right afterwards.
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

/** Ignores a signal again that this process was started ignoring, so that its children ignore it, too. */
export function ignoreSignal(signal: number): void {
  const action = Buffer.alloc(152);
  action.writeBigUInt64LE(SIG_IGN, 0);
  sigaction(signal, action, null);
}

/** Sends a signal; false if the process does not exist. */
export function sendSignal(pid: number, signal: number): boolean {
  return kill(pid, signal) >= 0;
}

/**
 * Ends this process at once. Node's own exit would restore the terminal to its earlier state, but changes that the workload
 * made on purpose (`stty -echo`) must stay. Buffered output is lost, so write it before.
 */
export function leave(status: number): never {
  return exitGroup(status);
}

/** Ends this process by the signal that ended the workload, so that the parent sees the same status; without a core dump. */
export function dieBySignal(signal: number): never {
  prctl(PR_SET_DUMPABLE, 0);
  sigaction(signal, Buffer.alloc(152), null);
  const set = Buffer.alloc(128);
  set.writeBigUInt64LE(1n << BigInt(signal - 1), 0);
  sigprocmask(SIG_UNBLOCK, set);
  kill(process.pid, signal);
  // Only a signal that does not end a process by default returns here.
  return leave(128 + signal);
}
