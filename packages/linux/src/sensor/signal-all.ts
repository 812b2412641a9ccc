/** Signals all processes of a namespace when the namespace is told to end. */
import { readdirSync } from "node:fs";
import { close, pidfdOpen, pidfdSendSignal } from "../abi/libc.ts";
import { childrenOf } from "../process/proc-status.ts";
import type { Sensor } from "./sensor.ts";

/**
 * Signals each known process and its children that have not yet made a call that the sensor sees; returns their number. The
 * children are found before any process is signalled: a child of a dead process has another parent.
 */
export function signalAll(sensor: Pick<Sensor, "processes" | "signal" | "has">, signal: number): number {
  const known = [...sensor.processes];
  const unheard = descendantsOf(known.map(({ pid }) => pid));
  for (const process of known) sensor.signal(process, signal);
  for (const pid of unheard) {
    const pidfd = openMember(sensor, pid);
    if (pidfd < 0) continue;
    pidfdSendSignal(pidfd, signal);
    close(pidfd);
  }
  return known.length + unheard.length;
}

/** A descriptor of a process by its pid; negative if there is none, or if the kernel says that it is not in the namespace. */
export function openMember(sensor: Pick<Sensor, "has">, pid: number): number {
  const pidfd = pidfdOpen(pid, 0);
  // Asked once the descriptor is held: the pid of a process that has ended may be another one's by now, and its children are others.
  if (pidfd < 0 || sensor.has?.(pid) !== false) return pidfd;
  close(pidfd);
  return -1;
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
