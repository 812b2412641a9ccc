/**
 * Whether a process is left that may be in this namespace, where the listener does not say that it is over. Before Linux 6.11 a task
 * gives up its filters only when it is reaped, and the first process of a container may never do that. A process of the namespace is
 * under more filters than the supervisor. What cannot be told counts as left.
 *
 * It was written for kernels older than those that its tests have run on: what it makes of a process was seen, such an end was not.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { ESRCH } from "../../../abi/errno.ts";
import { kill } from "../../../abi/libc.ts";
import { filtersIn, filtersOf } from "../../../process/filters.ts";
import { readProcFile } from "../../../process/proc-file.ts";

export function isNoneLeft(): boolean {
  const own = filtersOf(process.pid);
  if (own === undefined || !seesAll(readProcFile("/proc/self/mountinfo") ?? "")) return false;
  const before = listed();
  if (before === undefined) return false;
  if (before.pids.some((pid) => pid !== process.pid && mayBeLeft(pid, own))) return false;
  // One that was looked at and has ended since may have started another, which was not looked at.
  const after = listed();
  const seen = new Set(before.pids);
  return after?.born === before.born && after.pids.every((pid) => seen.has(pid));
}

/** Whether a process may run, under more than so many filters. */
export function mayBeLeft(pid: number, filters: number): boolean {
  const status = readProcFile(`/proc/${pid}/status`);
  if (status === undefined) return kill(pid, 0) !== -ESRCH;
  // While other threads outlive the first, that is a zombie; how many filters it had is not relied on.
  if (/^State:\t[ZX]/m.test(status)) return !/^Threads:\t[01]$/m.test(status);
  return (filtersIn(status) ?? Number.POSITIVE_INFINITY) > filters;
}

/** Whether each process of the supervisor's pid namespace is in its /proc, and nothing is mounted over what is read there. */
export function seesAll(mounts: string): boolean {
  const below = mounts
    .split("\n")
    .filter((line) => /^\S+ \S+ \S+ \S+ \/proc(?:\/loadavg|\/\d+(?:\/\S*)?)? /.test(line));
  const [line = ""] = below;
  if (below.length !== 1 || !/^\S+ \S+ \S+ \/ \/proc .* - proc /.test(line)) return false;
  return !/[ ,](?:hidepid=(?!0\b|off\b)|subset=)/.test(line) && selfIn() === process.pid;
}

function selfIn(): number | undefined {
  try {
    return Number(readlinkSync("/proc/self"));
  } catch {
    return undefined;
  }
}

/** All processes, and the number that was given to a task last (proc_loadavg(5)). */
function listed(): { readonly pids: readonly number[]; readonly born: string } | undefined {
  const born = /(\d+)\n$/.exec(readProcFile("/proc/loadavg") ?? "")?.[1];
  try {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return born === undefined ? undefined : { pids: pids.map(Number), born };
  } catch {
    return undefined;
  }
}
