/**
 * Resolves a path component by component, for paths that would otherwise resolve to the *supervisor* instead of the task:
 * `/proc/self`, `/proc/thread-self`, and the magic links of /proc (`fd/N`, `exe`, `cwd`, `root`).
 *
 * Slow (a few system calls a component), so it is used only where `openat2` cannot be. Follows the kernel's rules
 * (path_resolution(7)): at most 40 symlinks, `..` stops at the task's root.
 */
import { readlinkSync } from "node:fs";
import { close, fstatfs, openat2, readlinkat, statx } from "../../../abi/libc.ts";
import { EACCES, ELOOP, ENOENT, ENOTDIR } from "../../../abi/errno.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_NOFOLLOW, O_PATH, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { EMPTY, openHow, terminated } from "../../../abi/bytes.ts";
import type { Thread } from "../tasks/process.ts";
import { PROC_ROOT_INODE, PROC_SUPER_MAGIC } from "./proc-entries.ts";
import type { Steps } from "./steps.ts";
import { type Numbers, numbersIn, numbersOf } from "../tasks/pid-numbers.ts";

export interface Walk {
  readonly thread: Thread;
  /** The task's root, or -1 for the supervisor's. */
  readonly root: number;
  /** Directory where a relative path starts. */
  readonly start: number;
  /** Raw path bytes without NUL. */
  readonly path: Buffer;
  readonly follow: boolean;
  /** What takes its steps. */
  readonly steps: Steps;
  /** Called for each magic link, with descriptors of the link itself and of its directory, before it is followed. */
  readonly onMagicLink: (link: number, directory: number) => void;
  /** Called for each process whose link in /proc is followed to its target. */
  readonly through?: (pid: number) => void;
}

const MAX_SYMLINKS = 40;
const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);
const stat = new Stat();
const PROC = terminated("/proc");
const SLASH = 0x2f;
/** In f_flags of statfs(2): no link of the mount is followed. */
const ST_NOSYMFOLLOW = 0x2000;
const F_FLAGS = 80;

/** Walks a path; an O_PATH descriptor, or a negative errno. */
export function walk(request: Walk): number {
  const { steps } = request;
  const rootFd = () => (request.root >= 0 ? again(request.root) : openat2(AT_FDCWD, terminated("/"), stay));

  let pending = split(request.path);
  let mustBeDirectory = request.path.at(-1) === SLASH;
  let here = request.path[0] === SLASH ? rootFd() : again(request.start);
  let links = 0;
  while (pending.length > 0) {
    if (here < 0) return here;
    const name = pending.shift() as Buffer;
    const last = pending.length === 0;
    if (name.equals(DOT) || name.equals(DOT_DOT)) {
      const isStep = name.equals(DOT_DOT) && !isRoot(here, request.root);
      here = replace(here, steps.to(here, isStep ? DOT_DOT : DOT));
      continue;
    }
    const next = steps.to(here, name);
    if (next < 0) return replace(here, next);
    if (
      statx(next, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) < 0 ||
      !stat.isSymlink ||
      (last && !request.follow && !mustBeDirectory)
    ) {
      here = replace(here, next);
      continue;
    }
    links += 1;
    const { magic, isClosed } = filesystemOf(next);
    if (links > MAX_SYMLINKS || isClosed) {
      close(next);
      return replace(here, -ELOOP);
    }
    const inProc = magic === PROC_SUPER_MAGIC;
    const inProcRoot = inProc && isProcRoot(here);
    if (inProc && !inProcRoot) {
      // A magic link: it leads to an object, not to a path, and every reader of it gets the same one.
      request.onMagicLink(next, here);
      close(next);
      const owner = request.through && ownerOf(here);
      if (owner !== undefined) request.through?.(owner);
      here = replace(here, steps.over(here, name));
      continue;
    }
    // The kernel asks of the last link alone (WALK_TRAILING).
    if (last && steps.mayNotFollow(here, stat)) {
      close(next);
      return replace(here, -EACCES);
    }
    const target = (inProcRoot && ownName(here, name, request.thread)) || readLink(next);
    close(next);
    if (!target || target.length === 0) return replace(here, -ENOENT);
    if (last && target.at(-1) === SLASH) mustBeDirectory = true;
    pending = [...split(target), ...pending];
    if (target[0] === SLASH) here = replace(here, rootFd());
  }
  return here >= 0 && mustBeDirectory && !isDirectory(here) ? replace(here, -ENOTDIR) : here;
}

const DOT = Buffer.from(".");
const DOT_DOT = Buffer.from("..");

/** Another descriptor of the same object, for which no right to search is needed. */
function again(fd: number): number {
  return openat2(AT_FDCWD, terminated(`/proc/self/fd/${fd}`), openHow(O_PATH | O_CLOEXEC, 0, 0));
}

function isDirectory(fd: number): boolean {
  return statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) >= 0 && stat.isDirectory;
}

/**
 * The text of `/proc/self` and `/proc/thread-self` for the task itself. A proc mount numbers tasks by its own pid namespace, so
 * the task has a number for each namespace it is in; in the others its number may belong to another task.
 */
function ownName(procRoot: number, name: Buffer, thread: Thread): Buffer | undefined {
  const text = name.toString("latin1");
  if (text !== "self" && text !== "thread-self") return undefined;
  const own = numbersOf(thread.tid);
  if (own !== undefined && isOurProc(procRoot)) return ownPath(text, own, 0);
  const namespace = linkText(`/proc/${thread.tid}/ns/pid`);
  const inMount = own?.pids.findIndex((pid) => {
    const there = `/proc/self/fd/${procRoot}/${pid}`;
    return linkText(`${there}/ns/pid`) === namespace && numbersIn(`${there}/status`)?.pids.at(-1) === own.pids.at(-1);
  });
  if (own === undefined || namespace === undefined || inMount === undefined || inMount < 0) return undefined;
  return ownPath(text, own, inMount);
}

/** The text of the link in a mount that shows the task by its number at this level. */
function ownPath(text: "self" | "thread-self", { pids, tids }: Numbers, level: number): Buffer {
  return Buffer.from(text === "self" ? String(pids[level]) : `${pids[level]}/task/${tids[level]}`);
}

/** Whether it is the root of the proc file system that the supervisor itself reads: there the task's number is known. */
function isOurProc(procRoot: number): boolean {
  const [there, ours] = [new Stat(), new Stat()];
  return (
    statx(procRoot, EMPTY, AT_EMPTY_PATH, STATX_MASK, there.bytes) >= 0 &&
    statx(AT_FDCWD, PROC, 0, STATX_MASK, ours.bytes) >= 0 &&
    there.device === ours.device &&
    ours.inode === PROC_ROOT_INODE
  );
}

/** The process that a directory below /proc belongs to, if that proc mount has the supervisor's numbers. */
function ownerOf(directory: number): number | undefined {
  const number = /^\/proc\/(\d+)(?:\/|$)/.exec(linkText(`/proc/self/fd/${directory}`) ?? "")?.[1];
  return number === undefined ? undefined : Number(number);
}

function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function split(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < path.length; ) {
    const slash = path.indexOf(0x2f, start);
    const end = slash < 0 ? path.length : slash;
    const part = path.subarray(start, end);
    if (part.length > 0) parts.push(Buffer.from(part));
    start = end + 1;
  }
  return parts;
}

function replace(old: number, next: number): number {
  if (old >= 0) close(old);
  return next;
}

function readLink(fd: number): Buffer | undefined {
  const out = Buffer.alloc(4096);
  const length = readlinkat(fd, EMPTY, out);
  return length < 0 ? undefined : out.subarray(0, length);
}

function mark(fd: number): string | undefined {
  const own = new Stat();
  if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, own.bytes) < 0) return undefined;
  return `${own.device} ${own.inode} ${own.mountId}`;
}

function isRoot(fd: number, root: number): boolean {
  if (root >= 0) return mark(fd) === mark(root);
  const own = openat2(AT_FDCWD, terminated("/"), stay);
  const same = mark(fd) === mark(own);
  close(own);
  return same;
}

function isProcRoot(fd: number): boolean {
  const own = new Stat();
  return statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, own.bytes) >= 0 && own.inode === PROC_ROOT_INODE;
}

/** The magic of an object's file system, and whether links of its mount are closed to all. */
function filesystemOf(fd: number): { readonly magic: number; readonly isClosed: boolean } {
  const out = Buffer.alloc(120);
  if (fstatfs(fd, out) < 0) return { magic: -1, isClosed: false };
  return { magic: out.readUInt32LE(0), isClosed: (out.readUInt32LE(F_FLAGS) & ST_NOSYMFOLLOW) !== 0 };
}
