/**
 * Rules `own-image`, `allocator`, `way-down`, and a part of `content-address`: opens that give a process nothing new, and that
 * vary with its memory layout, with contention between its threads, with digests, or with its working directory. They are
 * dropped.
 *
 *   open read, map execute of a file that its own exec loaded      V8 maps its built-in code anew if it happens to lie far off
 *   open read /sys/devices/system/cpu/online                       glibc, when a thread finds the memory pools of all others taken
 *   open read /proc/sys/vm/overcommit_memory                       glibc, when a thread's pool is about to shrink
 *   open read objects/17, which the namespace itself created       git, which guesses from one how many objects there are
 *   open path of /home, /home/ann on the way to /home/ann/app      rsync, which walks down to where it copies
 */
import type { Event } from "../../event/event.ts";
import type { Observation } from "../observation.ts";
import type { Image } from "../task.ts";

type ReadEvent = Extract<Event, { op: "open" | "map" }>;

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** By filesystem. glibc: sysdeps/unix/sysv/linux/getsysstats.c (for malloc/arena.c), malloc-sysdep.h */
const ASKED: ReadonlyMap<string, readonly string[]> = new Map([
  ["sysfs", ["/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible"]],
  ["proc", ["/proc/sys/vm/overcommit_memory"]],
]);

/** The files that rule `allocator` is about. */
export const allocatorFiles: readonly string[] = [...ASKED.values()].flat();

/** An open of a file that malloc reads. */
export function isAllocatorsQuestion({ op, subject }: ReadEvent): boolean {
  return op === "open" && subject.access === "read" && (ASKED.get(subject.fs)?.includes(subject.path) ?? false);
}

/** SIGURG (signal(7)) does nothing unless a handler is installed. */
const SIGURG = 23;

/**
 * The signal by which the Go runtime interrupts its own threads when they compute for long. A container runtime written in Go
 * passes it on to the container if it arrives at the wrong moment.
 */
export function isPreemption({ subject }: Extract<Event, { op: "kill" }>, { atHostRoot }: Observation): boolean {
  return subject.signal === SIGURG && (subject.relation === "self" || atHostRoot === true);
}

const SIGKILL = 9;

/**
 * Whether a container's runtime, at the host's root, kills a process that it started. It does so after a failure and then waits
 * for the process; failures do not occur while a contour is learnt.
 */
export function endsOwn({ subject }: Extract<Event, { op: "kill" }>, { atHostRoot }: Observation): boolean {
  return subject.signal === SIGKILL && subject.relation !== "outside" && atHostRoot === true;
}

/** A handle of a directory (O_PATH). Nothing can be read or listed through it; opening a file under it is an event of its own. */
export function isHandleOfDirectory({ op, subject }: ReadEvent): boolean {
  return op === "open" && subject.access === "path" && (subject.mode & S_IFMT) === S_IFDIR;
}

/** A directory opened to be listed. */
export function isListing({ op, subject }: ReadEvent): boolean {
  return op === "open" && subject.access === "read" && (subject.mode & S_IFMT) === S_IFDIR;
}

/** Whether an event can be an open of one of the images, as far as can be told before its path is levelled. */
export function mayReadImage({ op, subject }: ReadEvent, images: readonly Image[]): boolean {
  if (subject.access !== (op === "open" ? "read" : "execute")) return false;
  const name = lastOf(subject.path);
  return images.some(({ path }) => lastOf(path) === name);
}

/** Whether a file is read or mapped as it was loaded. The policy decides whether the content of a file that is only read counts. */
export function readsImage(
  { op, subject }: ReadEvent,
  path: string,
  images: readonly Image[],
  contentCounts: boolean,
): boolean {
  const image = images.find((each) => each.path === path);
  if (image === undefined) return false;
  if (op === "open" && !contentCounts) return true;
  return image.digest !== undefined && image.digest === subject.digest;
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
