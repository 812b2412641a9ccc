/** Signals all processes of a namespace when the namespace is told to end. */
import { readdirSync } from "node:fs";
import { pidfdSendSignal } from "../abi/libc.ts";
import { sendSignal } from "../process/child.ts";
import { childrenOf } from "../process/proc-status.ts";
import type { ActingProcess } from "./acting.ts";

/**
 * Signals each known process and its children that have not yet made a call that the sensor sees; returns their number. The
 * children are found before any process is signalled: a child of a dead process has another parent.
 */
export function signalAll(processes: Iterable<ActingProcess>, signal: number): number {
  const known = [...processes];
  const unheard = descendantsOf(known.map(({ pid }) => pid));
  for (const { pid, pidfd } of known) {
    if (pidfd >= 0) pidfdSendSignal(pidfd, signal);
    else sendSignal(pid, signal);
  }
  for (const pid of unheard) sendSignal(pid, signal);
  return known.length + unheard.length;
}

/** Children, and theirs, that are not among these processes: they have not yet made a call that the sensor sees. */
export function descendantsOf(pids: readonly number[]): number[] {
  const seen = new Set(pids);
  const found: number[] = [];
  for (const pid of seen)
    for (const child of threadsOf(pid).flatMap((tid) => childrenOf(pid, tid) ?? [])) {
      if (seen.has(child)) continue;
      seen.add(child);
      found.push(child);
    }
  return found;
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}
