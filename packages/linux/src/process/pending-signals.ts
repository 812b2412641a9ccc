/** Whether a signal is pending for a thread that the supervisor keeps waiting: the signal would interrupt the call. */
import { readdirSync } from "node:fs";
import { readProcFile } from "./proc-file.ts";

/**
 * Whether a pending signal wakes a waiting thread. One that is pending for the whole process wakes one of the threads that do not block
 * it, and which one /proc does not say. The kernel prefers the first thread (kernel/signal.c, complete_signal). `likely`: it is that one;
 * `unlikely`: that one may take it; `perhaps`: that one blocks it.
 */
export type Wakes = "no" | "surely" | "likely" | "perhaps" | "unlikely";

/** In a process of more threads, the others are not looked at. */
const MOST_LOOKED_AT = 64;

/** Signals that each thread of a process blocks, by the process and the thread: read once for all threads that are asked about. */
export type Blocked = Map<number, ReadonlyMap<number, bigint>>;

/** An ignored signal is never pending; a blocked one wakes no thread. `blockedIn` is filled, for the next thread of the process. */
export function wakes(tid: number, blockedIn: Blocked = new Map()): Wakes {
  const status = readProcFile(`/proc/${tid}/status`);
  if (status === undefined) return "no";
  const blocked = mask(status, "SigBlk");
  if ((mask(status, "SigPnd") & ~blocked) !== 0n) return "surely";
  const shared = mask(status, "ShdPnd") & ~blocked;
  if (shared === 0n) return "no";
  const first = count(status, "Tgid");
  if (count(status, "Threads") <= MOST_LOOKED_AT && isLeftBy(tid, shared, blockedBy(first, blockedIn))) return "surely";
  if (first === tid) return "likely";
  const blockedByFirst = mask(readProcFile(`/proc/${first}/status`) ?? "", "SigBlk");
  return (shared & ~blockedByFirst) === 0n ? "perhaps" : "unlikely";
}

/** Whether all other threads block one of these signals. The kernel hands it on when a thread begins to (retarget_shared_pending). */
function isLeftBy(tid: number, signals: bigint, blocked: ReadonlyMap<number, bigint>): boolean {
  let left = signals;
  for (const [other, theirs] of blocked) if (other !== tid) left &= theirs;
  return left !== 0n;
}

function blockedBy(process: number, blockedIn: Blocked): ReadonlyMap<number, bigint> {
  const known = blockedIn.get(process);
  if (known !== undefined) return known;
  const blocked = new Map<number, bigint>();
  for (const thread of threadsOf(process)) {
    const status = readProcFile(`/proc/${process}/task/${thread}/status`);
    if (status !== undefined) blocked.set(Number(thread), mask(status, "SigBlk"));
  }
  blockedIn.set(process, blocked);
  return blocked;
}

/** None if the process has ended. */
function threadsOf(process: number): readonly string[] {
  try {
    return readdirSync(`/proc/${process}/task`);
  } catch {
    return [];
  }
}

function mask(status: string, field: string): bigint {
  const text = textOf(status, field);
  return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : 0n;
}

function count(status: string, field: string): number {
  return Number(textOf(status, field));
}

function textOf(status: string, field: string): string {
  const found = status.indexOf(`\n${field}:`);
  const start = found + field.length + 2;
  return found < 0 ? "" : status.slice(start, status.indexOf("\n", start)).trim();
}
