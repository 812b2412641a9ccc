/**
 * Rules `own-image`, `allocator`, `way-down`, and a part of `content-address`: opens that give a process nothing it has not got already, and that come and
 * go with the layout of its memory, with contention between its threads, with digests, or with where it was started. They are no events.
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

/** A look at what malloc goes by, and nothing else. */
export function isAllocatorsQuestion({ op, subject }: ReadEvent): boolean {
  return op === "open" && subject.access === "read" && (ASKED.get(subject.fs)?.includes(subject.path) ?? false);
}

/** SIGURG (signal(7)) does nothing unless it is asked for. */
const SIGURG = 23;

/**
 * The signal by which the Go runtime interrupts its own threads when they compute for long, and which a container runtime,
 * written in Go, passes on to the container if it comes at the wrong moment.
 */
export function isPreemption({ subject }: Extract<Event, { op: "kill" }>, { atHostRoot }: Observation): boolean {
  return subject.signal === SIGURG && (subject.relation === "self" || atHostRoot === true);
}

const SIGKILL = 9;

/**
 * Whether a container's runtime, at the host's root, ends what it has begun: it does so when something fails, which does not
 * happen while it is learnt, and then waits for that end.
 */
export function endsOwn({ subject }: Extract<Event, { op: "kill" }>, { atHostRoot }: Observation): boolean {
  return subject.signal === SIGKILL && subject.relation !== "outside" && atHostRoot === true;
}

/** A handle of a directory (O_PATH), by which nothing can be read or listed: what is reached from it is an event of its own. */
export function isHandleOfDirectory({ op, subject }: ReadEvent): boolean {
  return op === "open" && subject.access === "path" && (subject.mode & S_IFMT) === S_IFDIR;
}

/** A directory opened to be listed. */
export function isListing({ op, subject }: ReadEvent): boolean {
  return op === "open" && subject.access === "read" && (subject.mode & S_IFMT) === S_IFDIR;
}

/** Whether an event can be a look at one of the images, as far as can be told before its path is levelled. */
export function mayReadImage({ op, subject }: ReadEvent, images: readonly Image[]): boolean {
  if (subject.access !== (op === "open" ? "read" : "execute")) return false;
  const name = lastOf(subject.path);
  return images.some(({ path }) => lastOf(path) === name);
}

/** Whether a file is read or mapped as it was loaded. Whether the content of one that is only read counts is the policy's. */
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
