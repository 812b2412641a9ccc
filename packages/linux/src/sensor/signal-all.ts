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

/** Children, and theirs, of these processes that have not yet made a call that the sensor sees; `others` are known as well. */
export function descendantsOf(pids: readonly number[], others: Iterable<number> = []): number[] {
  const seen = new Set([...pids, ...others]);
  const found: number[] = [];
  const open = [...pids];
  for (const pid of open)
    for (const child of threadsOf(pid).flatMap((tid) => childrenOf(pid, tid) ?? [])) {
      if (seen.has(child)) continue;
      seen.add(child);
      open.push(child);
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
