/**
 * What belongs to the supervisor: entries of /proc, and a directory for its own files. No task of the namespace may use them,
 * whatever the contour says.
 *
 * A path can lead there by any name (`/proc/PID`, a thread's number, which is not listed, `/proc/self/task/../../PID`), by a
 * magic link (`/proc/PID/root`, `cwd`, `fd/N`), through a bind mount or another mount of proc. So the object that was found is
 * checked, by the path that the kernel reports for it, and so is each magic link on the way.
 */
import { readlinkSync } from "node:fs";
import { fstatfs } from "../../../abi/libc.ts";
import { KEPT_DIRECTORY } from "../../kept-directory.ts";
import { numbersIn } from "../tasks/pid-numbers.ts";

/** linux/magic.h */
const PROC_SUPER_MAGIC = 0x9fa0;
const SLASH = 0x2f;
/** Readable for every process, writable for none: the files that `ps` and similar programs read of every process. */
const HARMLESS =
  /^(?:task\/\d+\/)?(?:stat|statm|status|cmdline|comm|cgroup|limits|loginuid|oom_score|schedstat|sessionid)$/;
const NUMBERED = /\/([1-9]\d{0,9})(?:\/|$)/g;

const KEPT = Buffer.from(KEPT_DIRECTORY);

const filesystem: Buffer = Buffer.alloc(120);

export class KeptFiles {
  readonly #serves: (number: number) => boolean;
  /** Files that only processes outside may use, by `major:minor` packed as in `Stat` and inode. */
  readonly #closed = new Set<string>();

  /**
   * `serves` tells whether a process or thread number is the supervisor's, or that of another process that starts processes in
   * the namespace.
   */
  constructor(serves: (number: number) => boolean) {
    this.#serves = serves;
  }

  /** From now on no task may use this file, by whichever name it gets there. */
  close(device: number, inode: number): void {
    this.#closed.add(`${device} ${inode}`);
  }

  /** Whether a file was closed to all tasks. */
  isClosed({ device, inode }: { readonly device: number; readonly inode: number }): boolean {
    return this.#closed.size > 0 && this.#closed.has(`${device} ${inode}`);
  }

  /**
   * Whether an open descriptor of the supervisor, whose path is `path` as far as it is known, is one of the supervisor's own
   * entries.
   */
  keeps(fd: number, path: Buffer): boolean {
    if (isBelowKept(path)) return true;
    if (!hasNumber(path) || fstatfs(fd, filesystem) < 0 || filesystem.readUInt32LE(0) !== PROC_SUPER_MAGIC)
      return false;
    const whole = pathOf(fd) ?? path.toString("latin1");
    for (const match of whole.matchAll(NUMBERED)) {
      const end = match.index + 1 + (match[1] as string).length;
      if (this.#isOurs(whole.slice(0, end), Number(match[1]))) return !HARMLESS.test(whole.slice(end + 1));
    }
    return false;
  }

  /** The same for a magic link that is about to be followed: none of them is harmless. */
  keepsLink(fd: number): boolean {
    const path = pathOf(fd);
    return path !== undefined && this.keeps(fd, Buffer.from(path, "latin1"));
  }

  /** A mount of another pid namespace has other numbers: there the entry itself is read to identify the process. */
  #isOurs(directory: string, number: number): boolean {
    if (this.#serves(number)) return true;
    if (directory === `/proc/${number}`) return false;
    const own = numbersIn("/proc/self/status")?.pids.at(-1);
    if (own === undefined || numbersIn(`${directory}/status`)?.pids.at(-1) !== own) return false;
    return linkText(`${directory}/ns/pid`) === linkText("/proc/self/ns/pid");
  }
}

/**
 * Whether a canonical path is the kept directory or below it. It has that name wherever it is mounted or moved to; a task can
 * neither make nor rename one, because the name itself is kept (`isKeptName`).
 */
function isBelowKept(path: Buffer): boolean {
  for (let at = path.indexOf(KEPT); at >= 0; at = path.indexOf(KEPT, at + 1)) {
    const end = path[at + KEPT.length];
    if (path[at - 1] === SLASH && (end === undefined || end === SLASH)) return true;
  }
  return false;
}

/** Whether a name in a directory, without slashes, is that of the kept directory. */
export function isKeptName(name: Buffer): boolean {
  return name.equals(KEPT);
}

function hasNumber(path: Buffer): boolean {
  for (let at = path.indexOf(SLASH); at >= 0; at = path.indexOf(SLASH, at + 1)) {
    const next = path[at + 1] ?? 0;
    if (next >= 0x31 && next <= 0x39) return true;
  }
  return false;
}

function pathOf(fd: number): string | undefined {
  return linkText(`/proc/self/fd/${fd}`);
}

function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path, "latin1");
  } catch {
    return undefined;
  }
}
