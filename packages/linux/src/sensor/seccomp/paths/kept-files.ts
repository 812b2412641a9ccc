/**
 * What belongs to the supervisor: entries of /proc, and a directory for its own files. No task of the namespace may use them,
 * whatever the contour says.
 *
 * A path can lead there by any name (`/proc/PID`, a thread's number, which is not listed, `/proc/self/task/../../PID`), by a
 * magic link (`/proc/PID/root`, `cwd`, `fd/N`), through a bind mount or another mount of proc. So the object that was found is
 * checked, and so is each magic link on the way: in the supervisor's own mount of proc by the path that the kernel reports for it,
 * elsewhere by the process that it belongs to.
 */
import { readlinkSync } from "node:fs";
import { EMPTY, terminated } from "../../../abi/bytes.ts";
import { statx } from "../../../abi/libc.ts";
import { AT_EMPTY_PATH, AT_FDCWD, Stat, STATX_MASK } from "../../../abi/stat.ts";
import type { Found } from "../../files/found.ts";
import { KEPT_DIRECTORY } from "../../kept-directory.ts";
import { type Owner, ownerOfDirectory, ownerOfFile, type Ownership, PROC_SUPER_MAGIC } from "./proc-entries.ts";

const SLASH = 0x2f;
/** Readable for every process, writable for none: the files that `ps` and similar programs read of every process. */
const HARMLESS =
  /^(?:task\/\d+\/)?(?:stat|statm|status|cmdline|comm|cgroup|limits|loginuid|oom_score|schedstat|sessionid)$/;
const NUMBERED = /\/([1-9]\d{0,9})(?:\/|$)/g;
const OF_PROCESS = /^\/proc\/([1-9]\d{0,9})(?:\/([^]*))?$/;
const PROC = terminated("/proc");

const KEPT = Buffer.from(KEPT_DIRECTORY);

/** The processes whose entries no task may use: the supervisor, and others that start processes in the namespace. */
export interface Guarded {
  /** Whether a process or thread number of the supervisor's pid namespace is that of one of them. */
  readonly isServing: (number: number) => boolean;
  /** Whether an entry is one of theirs. */
  readonly owns: (owner: Owner) => boolean;
}

export class KeptFiles {
  readonly #guarded: Guarded;
  readonly #stat = new Stat();
  /** Files that only processes outside may use, by `major:minor` packed as in `Stat` and inode. */
  readonly #closed = new Set<string>();

  constructor(guarded: Guarded) {
    this.#guarded = guarded;
  }

  /** From now on no task may use this file, by whichever name it gets there. */
  close(device: number, inode: number): void {
    this.#closed.add(`${device} ${inode}`);
  }

  /** Whether a file was closed to all tasks. */
  isClosed({ device, inode }: { readonly device: number; readonly inode: number }): boolean {
    return this.#closed.size > 0 && this.#closed.has(`${device} ${inode}`);
  }

  /** Whether what a task was found to mean is one of the supervisor's own entries. */
  keeps(found: Found, tid: number): boolean {
    const { fd, path, stat } = found;
    if (isBelowKept(path)) return true;
    if (!hasNumber(path) || found.filesystem !== PROC_SUPER_MAGIC) return false;
    const seen = path.toString("latin1");
    const whole = pathOf(fd) ?? seen;
    if (this.#isOwnMount(stat)) return this.#keepsByPath(whole);
    const owner = stat.isDirectory ? ownerOfDirectory(fd) : ownerOfFile(fd, whole, tid, seen);
    return this.#keepsOf(owner, whole);
  }

  /** The same for a magic link that is about to be followed, in its directory: none of them is harmless. */
  keepsLink(link: number, directory: number): boolean {
    const whole = pathOf(link);
    if (whole === undefined || statx(link, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) < 0) return true;
    return this.#isOwnMount(this.#stat) ? this.#keepsByPath(whole) : this.#keepsOf(ownerOfDirectory(directory), whole);
  }

  /** Whether an object is in the mount of proc that the supervisor reads: there `/proc/N` is the process that it calls N. */
  #isOwnMount({ mountId }: Stat): boolean {
    const own = new Stat();
    return statx(AT_FDCWD, PROC, 0, STATX_MASK, own.bytes) >= 0 && own.mountId === mountId;
  }

  #keepsByPath(whole: string): boolean {
    const [, number, rest = ""] = OF_PROCESS.exec(whole) ?? [];
    return number !== undefined && !HARMLESS.test(rest) && this.#guarded.isServing(Number(number));
  }

  /** Where the process cannot be told, any number in the path may be that of one of them. */
  #keepsOf(owner: Ownership, whole: string): boolean {
    if (owner === "none") return false;
    if (owner === "unknown")
      return [...whole.matchAll(NUMBERED)].some(({ index, 1: number = "" }) => {
        return !HARMLESS.test(whole.slice(index + number.length + 2)) && this.#guarded.isServing(Number(number));
      });
    const { depth } = owner;
    const rest = depth === 0 ? "" : whole.split("/").slice(-depth).join("/");
    return !HARMLESS.test(rest) && this.#guarded.owns(owner);
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
