/**
 * Whose entry of /proc an object is, told by the object itself. Its text does not tell: `/proc/4321` is a process only directly below
 * the root of a mount of proc, and each pid namespace has its own numbers.
 */
import { ENOENT, EXDEV } from "../../../abi/errno.ts";
import { EMPTY, openHow, terminated } from "../../../abi/bytes.ts";
import { close, fstatfs, openat2, readlinkat, statx } from "../../../abi/libc.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  Stat,
  STATX_MASK,
} from "../../../abi/stat.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import { namespaceOf, numbersFrom, numbersOf } from "../tasks/pid-numbers.ts";

/** linux/magic.h */
export const PROC_SUPER_MAGIC = 0x9fa0;
/** Inode of the root of every proc mount (PROC_ROOT_INO, linux/proc_ns.h). */
export const PROC_ROOT_INODE = 1;
/** More than lie between any entry and the root, `/proc/N/task/M/net/…` or below /proc/sys. */
const MOST_LEVELS = 64;

/** What is mounted over an entry is no part of proc: a step onto it, or out of the mount, fails (EXDEV). */
const directoryHow = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
const entryHow = openHow(O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
const plainHow = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
const inRootHow = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
const linkHow = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
const ABOVE = terminated("..");
const HERE = terminated(".");

/** The process that an entry belongs to. */
export interface Owner {
  /** Its number in its own pid namespace. */
  readonly number: number;
  /** That namespace as `pid:[INODE]`; undefined if the supervisor may not read it. */
  readonly namespace: string | undefined;
  /** The text of its status file. */
  readonly status: string;
  /** How many components the entry lies below the directory of the process, or of the thread. */
  readonly depth: number;
}

/** `none`: it belongs to no process. `unknown`: that cannot be told. */
export type Ownership = Owner | "none" | "unknown";

export function isOnProc(fd: number): boolean {
  const out = Buffer.alloc(120);
  return fstatfs(fd, out) >= 0 && out.readUInt32LE(0) === PROC_SUPER_MAGIC;
}

/** Whose a directory of proc is that is held. */
export function ownerOfDirectory(directory: number): Ownership {
  let here = openat2(directory, HERE, directoryHow);
  try {
    for (let depth = 0; here >= 0 && depth < MOST_LEVELS; depth++) {
      const owner = ownerAt(here, depth);
      if (owner !== "none" || statOf(here)?.inode === PROC_ROOT_INODE) return owner;
      const above = openat2(here, ABOVE, directoryHow);
      if (above === -EXDEV) return "none";
      close(here);
      here = above;
    }
    return "unknown";
  } finally {
    if (here >= 0) close(here);
  }
}

/** The same for an object that is no directory: by its path in the supervisor's root, or in that of a task, if it leads there. */
export function ownerOfFile(fd: number, path: string, tid: number, inRoot: string): Ownership {
  const taskRoot = openat2(AT_FDCWD, terminated(`/proc/${tid}/root`), linkHow);
  try {
    for (const [start, text] of [[AT_FDCWD, path] as const, [taskRoot, inRoot] as const]) {
      const end = text.lastIndexOf("/");
      const directory = Buffer.from(`${text.slice(0, end) || "/"}\0`, "latin1");
      const parent = openat2(start, directory, start === AT_FDCWD ? plainHow : inRootHow);
      if (parent < 0) continue;
      const owner = holds(parent, text.slice(end + 1), fd) ? ownerOfDirectory(parent) : "unknown";
      close(parent);
      if (owner !== "unknown") return owner === "none" ? owner : { ...owner, depth: owner.depth + 1 };
    }
    return "unknown";
  } finally {
    if (taskRoot >= 0) close(taskRoot);
  }
}

/** Whether a directory of proc that is held belongs to the process of a task. */
export function isOfTask(directory: number, tid: number): boolean {
  const owner = ownerOfDirectory(directory);
  return (
    typeof owner !== "string" &&
    owner.namespace !== undefined &&
    owner.namespace === namespaceOf(tid) &&
    owner.number === numbersOf(tid)?.pids.at(-1)
  );
}

/** Whether a directory has this very object under a name. */
function holds(directory: number, name: string, fd: number): boolean {
  const there = openat2(directory, Buffer.from(`${name}\0`, "latin1"), entryHow);
  const [one, other] = [statOf(there), statOf(fd)];
  if (there >= 0) close(there);
  if (one === undefined || other === undefined) return false;
  return one.inode === other.inode && one.device === other.device && one.mountId === other.mountId;
}

/** The owner, if this is the directory of a process or a thread. */
function ownerAt(directory: number, depth: number): Ownership {
  const file = openat2(directory, terminated("status"), entryHow);
  if (file < 0) return file === -ENOENT ? "none" : "unknown";
  const status = readProcFile(`/proc/self/fd/${file}`);
  close(file);
  if (status === undefined) return "unknown";
  const number = numbersFrom(status).pids.at(-1);
  return number === undefined ? "none" : { number, namespace: linkIn(directory, "ns/pid"), status, depth };
}

function linkIn(directory: number, name: string): string | undefined {
  const link = openat2(directory, terminated(name), entryHow);
  if (link < 0) return undefined;
  const text = Buffer.alloc(64);
  const length = readlinkat(link, EMPTY, text);
  close(link);
  return length < 0 ? undefined : text.toString("latin1", 0, length);
}

function statOf(fd: number): Stat | undefined {
  const stat = new Stat();
  return statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) < 0 ? undefined : stat;
}
