/**
 * What a contour may hold that Landlock would refuse in any case, whatever its rules say: with such a contour the rules
 * are not used at all.
 */
import type { Event } from "@isoline/core";

export interface Circumstances {
  /** The policy lets io_uring work: what goes through it is not on the contour. */
  readonly allowsIoUring: boolean;
}

/** Why Landlock would refuse this event, or would not know what it is about; undefined if it would not. */
export function obstacleIn(event: Event, { allowsIoUring }: Circumstances): string | undefined {
  switch (event.op) {
    case "mount":
    case "umount":
    case "pivot":
      return "it mounts, unmounts or changes its root, which Landlock refuses to everyone it holds";
    case "chroot":
      return event.subject.path === "/"
        ? undefined
        : "it changes its root, so that paths of the contour do not say which files they mean";
    case "namespace":
      return entersMounts(event.subject)
        ? "it enters other mount namespaces, where paths of the contour mean other files"
        : undefined;
    case "ptrace":
      return event.subject.relation === "outside" && event.subject.request !== "traceme" ? outside : undefined;
    case "vm":
    case "getfd":
      return event.subject.relation === "outside" ? outside : undefined;
    case "perf":
      return "it counts events, perhaps of processes outside the namespace, into which Landlock lets nobody look";
    case "open":
      return looksIntoOthers(event.subject.path) ? outside : undefined;
    case "fanotify":
      return event.subject.access === "none"
        ? undefined
        : "it is handed files by fanotify, which are opened wherever others open them";
    case "iouring":
      return allowsIoUring ? "it uses io_uring, and what is done through that is not on the contour" : undefined;
    default:
      return undefined;
  }
}

const outside = "it looks into processes outside the namespace, which Landlock refuses";

/** A new mount namespace begins as a copy, in which the rules still hold; only one that was there before is another world. */
function entersMounts({ call, kinds }: { readonly call: string; readonly kinds: string }): boolean {
  return call === "setns" && kinds.split(",").some((kind) => kind === "mount" || kind === "any");
}

/** Entries of /proc/PID that ask for the right to trace (ptrace_may_access, fs/proc/base.c). */
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
