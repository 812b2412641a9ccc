/** Events that Landlock would refuse whatever its rules say. With such an event on the contour, the rules are not used at all. */
import type { Event } from "@isoline/core/event";

export interface Circumstances {
  /** The policy permits io_uring: its submissions are not on the contour. */
  readonly allowsIoUring: boolean;
}

/** Why Landlock would refuse this event, or could not decide about it; undefined if it would permit it. */
export function obstacleIn(event: Event, { allowsIoUring }: Circumstances): string | undefined {
  switch (event.op) {
    case "mount":
    case "umount":
    case "pivot":
      return "it mounts, unmounts or changes its root, which Landlock always refuses";
    case "chroot":
      return event.subject.path === "/"
        ? undefined
        : "it changes its root, so that paths of the contour do not identify files";
    case "namespace":
      return entersMounts(event.subject)
        ? "it enters other mount namespaces, where paths of the contour mean other files"
        : undefined;
    case "ptrace":
      return event.subject.relation === "outside" && event.subject.request !== "traceme" ? outside : undefined;
    case "vm":
    case "getfd":
    case "perf":
      return event.subject.relation === "outside" ? outside : undefined;
    case "open":
      return looksIntoOthers(event.subject.path) ? outside : undefined;
    case "fanotify":
      return event.subject.access === "none" ? undefined : "it gets files from fanotify, which may lie anywhere";
    case "iouring":
      return allowsIoUring ? "it uses io_uring, whose submissions are not on the contour" : undefined;
    default:
      return undefined;
  }
}

const outside = "it inspects processes outside the namespace, which Landlock refuses";

/** A new mount namespace begins as a copy, in which the rules still hold. A namespace that existed before may have other mounts. */
function entersMounts({ call, kinds }: { readonly call: string; readonly kinds: string }): boolean {
  return call === "setns" && kinds.split(",").some((kind) => kind === "mount" || kind === "any");
}

/** Entries of /proc/PID that require the right to trace (ptrace_may_access, fs/proc/base.c). */
const GUARDED = new Set([
  "auxv",
  "clear_refs",
  "cwd",
  "environ",
  "exe",
  "fd",
  "fdinfo",
  "io",
  "ksm_stat",
  "map_files",
  "maps",
  "mem",
  "ns",
  "numa_maps",
  "pagemap",
  "personality",
  "root",
  "smaps",
  "smaps_rollup",
  "stack",
  "syscall",
  "timerslack_ns",
]);

function looksIntoOthers(path: string): boolean {
  const [, proc, owner, ...rest] = path.split("/");
  if (proc !== "proc" || owner === undefined || !/^(?:\$other|[0-9]+)$/.test(owner)) return false;
  const entry = rest[0] === "task" ? rest[2] : rest[0];
  return entry !== undefined && GUARDED.has(entry);
}
