/**
 * How many seccomp filters a process is under. A process can only add to them, and each of its descendants begins with all of them.
 * So a process of a namespace of the seccomp sensor has more filters than its supervisor, for good, whatever it does to its ancestry,
 * its session or its names; and a process with no more filters than this one is in no such namespace.
 */
import { readProcFile } from "./proc-file.ts";

/** Undefined if the process has ended or is hidden. */
export function filtersOf(pid: number): number | undefined {
  return filtersIn(readProcFile(`/proc/${pid}/status`) ?? "");
}

/** The same by the text of its status file. */
export function filtersIn(status: string): number | undefined {
  const count = /^Seccomp_filters:\s*(\d+)$/m.exec(status)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** Whether a process may be in a namespace that this process, or another outside of all of them, supervises. */
export function isUnderMoreFilters(pid: number): boolean {
  const theirs = filtersOf(pid);
  const own = filtersOf(process.pid);
  return theirs === undefined || own === undefined || theirs > own;
}

/** Whether a process, by the text of its status file, has no more filters than this one: it is outside. */
export function isOutsideBy(status: string): boolean {
  const [own, theirs] = [filtersOf(process.pid), filtersIn(status)];
  return theirs !== undefined && own !== undefined && theirs <= own;
}
