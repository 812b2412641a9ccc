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

/** An ignored signal is never pending; a blocked one wakes no thread. */
export function wakes(tid: number): Wakes {
  const status = readProcFile(`/proc/${tid}/status`);
  if (status === undefined) return "no";
  const blocked = mask(status, "SigBlk");
  if ((mask(status, "SigPnd") & ~blocked) !== 0n) return "surely";
  const shared = mask(status, "ShdPnd") & ~blocked;
  if (shared === 0n) return "no";
  if (count(status, "Threads") <= MOST_LOOKED_AT && isLeftBy(tid, shared)) return "surely";
  const first = count(status, "Tgid");
  if (first === tid) return "likely";
  const blockedByFirst = mask(readProcFile(`/proc/${first}/status`) ?? "", "SigBlk");
  return (shared & ~blockedByFirst) === 0n ? "perhaps" : "unlikely";
}

/** Whether all other threads block one of these signals. The kernel hands it on when a thread begins to (retarget_shared_pending). */
function isLeftBy(tid: number, signals: bigint): boolean {
  let left = signals;
  for (const other of threadsBeside(tid)) {
    const status = readProcFile(`/proc/${tid}/task/${other}/status`);
    if (status !== undefined) left &= mask(status, "SigBlk");
  }
  return left !== 0n;
}

/** None if the process has ended. */
function threadsBeside(tid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${tid}/task`).filter((name) => name !== String(tid));
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
