/**
 * Opens in place of a task: the object that was found and decided about is reopened, or a file is created in a directory that
 * the supervisor holds, and the task gets the descriptor. No string is read again, so there is nothing to exchange.
 *
 * Only for files that open the same way for every process with the same rights, and at once:
 *
 *   regular files and directories   on file systems of the kernel's own; others (FUSE, NFS …) may ask for the opener, or block
 *   /dev/null and its kind          devices that read and write the same for all
 *
 *   what malloc reads              a few files of /sys and /proc that say the same to all, and whose reading is no event
 *
 * Not for FIFOs (they block), sockets, other devices (a terminal would become the supervisor's), and other generated files (/proc,
 * /sys), which may depend on the process that opened them. Nor for O_PATH, which the kernel does not pass on
 * (SECCOMP_IOCTL_NOTIF_ADDFD accepts no such descriptor): any later use of such a descriptor is decided then.
 */
import { readdirSync } from "node:fs";
import { allocatorFiles } from "@isoline/core/identity";
import { EAGAIN, EMFILE, ENFILE, ENOENT } from "../../../abi/errno.ts";
import { EMPTY, openHow, terminated } from "../../../abi/bytes.ts";
import { close, fcntl, fstatfs, openat, openat2, statx } from "../../../abi/libc.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  O_TRUNC,
  Stat,
  STATX_MASK,
} from "../../../abi/stat.ts";
import { type Found, reopen } from "../../files/found.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import { isOnOwnStorage } from "../../files/writers.ts";
import type { Listener } from "../listener/notification.ts";
import type { Thread } from "../tasks/process.ts";
import { mayWaitForThaw } from "./filesystems.ts";
import type { Performer } from "./performer.ts";

/** null, zero, full, random, urandom (Documentation/admin-guide/devices.txt). */
const plainDevices: ReadonlySet<string> = new Set(["1:3", "1:5", "1:7", "1:8", "1:9"]);
/** sysfs, proc (linux/magic.h). */
const GENERATED: ReadonlySet<number> = new Set([0x6265_6572, 0x9fa0]);
const F_SETFL = 4;
/** Flags that have been applied by the search, and do not apply to the link that leads to the object. */
const SETTLED = O_CREAT | O_EXCL | O_NOFOLLOW;

/** How something is opened. */
export interface Way {
  readonly flags: number;
  /** By openat2, which does not add O_LARGEFILE by itself. */
  readonly isExact: boolean;
}

/** The supervisor cannot open it as the task would. */
export const NOT_OURS = "not ours";

export class Opener {
  readonly #performer: Performer;
  readonly #listener: Listener;
  readonly #statfs: Buffer = Buffer.alloc(120);
  readonly #stat = new Stat();
  /** Called for each file that was opened for the calling task to write, before the task gets it. */
  onWritable: ((own: number) => void) | undefined;
  readonly #onMappable: (stat: Stat) => void;
  /** Why the task did not get the file that was created last, although it exists (EMFILE); 0 if it got it. */
  notGiven = 0;

  /** `onMappable` gets the status of each file that the task may map for writing, before the task gets the file. */
  constructor(performer: Performer, listener: Listener, onMappable: (stat: Stat) => void) {
    this.#onMappable = onMappable;
    this.#performer = performer;
    this.#listener = listener;
  }

  /** Whether the object may be opened in place of a thread that the performer may act for. */
  mayOpen(found: Found, flags: number): boolean {
    const { fd, stat } = found;
    if ((flags & O_PATH) !== 0) return false;
    if (stat.isCharacterDevice) return plainDevices.has(stat.rdev);
    if (stat.isRegular && isAskedByAllocator(found, flags)) return true;
    return (stat.isRegular || stat.isDirectory) && this.#isOrdinary(fd);
  }

  /** Whether files may be created in a directory. */
  mayCreateIn(directory: Found): boolean {
    return this.#isOrdinary(directory.fd);
  }

  /**
   * Whether a thread can certainly get another descriptor. Checked before a file is created or truncated: the kernel checks it
   * before that, and the supervisor would find out only afterwards. Fewer descriptors than the limit leave a number below it
   * free.
   */
  hasRoom({ tid }: Thread): boolean {
    // prlimit(2) needs a right that a supervisor may lack; this file is readable for every process.
    const [, limit] = /^Max open files\s+(\d+) /m.exec(readProcFile(`/proc/${tid}/limits`) ?? "") ?? [];
    if (limit === undefined) return true;
    const directory = `/proc/${tid}/fd`;
    // Its size is their number since Linux 6.2.
    const size = statx(AT_FDCWD, terminated(directory), 0, STATX_MASK, this.#stat.bytes) < 0 ? 0 : this.#stat.size;
    return (size || entriesOf(directory)) < Number(limit);
  }

  /** Opens the object and gives it to the task; returns the number it has there, a negative errno, or `NOT_OURS`. */
  open(thread: Thread, found: Found, { flags, isExact }: Way): number | typeof NOT_OURS {
    // Without blocking: the holder of a lease on the file would delay the supervisor, and with it every task.
    const waits = (flags & O_NONBLOCK) === 0;
    const asked = (flags & ~SETTLED) | O_CLOEXEC | (waits ? O_NONBLOCK : 0);
    const own = this.#performer.make(thread, () => reopen(found.fd, asked, isExact));
    if (own === -EMFILE || own === -ENFILE || (own === -EAGAIN && waits)) return NOT_OURS;
    if (own < 0) return own;
    try {
      if (waits) fcntl(own, F_SETFL, flags);
      return this.#give(own, flags);
    } finally {
      close(own);
    }
  }

  /**
   * Creates a file in a directory that the supervisor holds and gives it to the task; returns the number it has there, or a
   * negative errno if nothing was created. Another thread may have taken the last free number meanwhile, or lowered the limit: then the
   * file exists, and `notGiven` says what the task is told. The caller has taken on the thread's rights and umask.
   */
  create(directory: Found, name: Buffer, { flags, isExact }: Way, mode: number): number {
    const all = flags | O_CLOEXEC;
    this.notGiven = 0;
    const own = isExact ? openat2(directory.fd, name, openHow(all, mode, 0)) : openat(directory.fd, name, all, mode);
    if (own < 0) return own;
    try {
      const number = this.#give(own, flags);
      if (number >= 0) return number;
      // The file has been created, whatever has happened to the task since.
      this.notGiven = number === -ENOENT ? 0 : -number;
      return 0;
    } finally {
      close(own);
    }
  }

  #give(fd: number, flags: number): number {
    if ((flags & (O_ACCMODE | O_TRUNC)) !== 0) this.onWritable?.(fd);
    // On an overlay an open for writing may copy a file up, and the copy may have another number.
    if ((flags & O_ACCMODE) === O_RDWR && statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) >= 0)
      this.#onMappable(this.#stat);
    return this.#listener.give(fd, (flags & O_CLOEXEC) !== 0);
  }

  #isOrdinary(fd: number): boolean {
    return !mayWaitForThaw() && fstatfs(fd, this.#statfs) >= 0 && isOnOwnStorage(this.#statfs.readUInt32LE(0));
  }
}

/** Opening these takes no point: were it left to the task, another thread could have it open anything else. */
function isAskedByAllocator(found: Found, flags: number): boolean {
  return (flags & (O_ACCMODE | O_TRUNC)) === 0 && isNamedAsAllocators(found);
}

function isNamedAsAllocators(found: Found): boolean {
  return GENERATED.has(found.filesystem) && allocatorFiles.includes(found.path.toString("latin1"));
}

/**
 * Whether another generated file is mounted on one that malloc reads: no program does that, and it would be opened without a point, by the
 * supervisor, which may read more of /proc than the task.
 */
export function standsInForAllocators(found: Found): boolean {
  return found.stat.isRegular && found.stat.isMountRoot && isNamedAsAllocators(found);
}

function entriesOf(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}
