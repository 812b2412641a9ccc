/**
 * Opens in place of a task: the object that was found and decided about is opened anew, or a name is made in the directory that
 * we hold, and the task gets the descriptor. No string is read again, so there is nothing to exchange.
 *
 * Only of what opens the same way for everybody who has the same rights, and at once:
 *
 *   regular files and directories   on file systems of the kernel's own; others (FUSE, NFS …) may ask who opens, or wait
 *   /dev/null and its kind          what reads and writes the same for all
 *
 * Not FIFOs (they wait), sockets, other devices (a terminal would become ours), and what the kernel makes up (/proc, /sys), which
 * may look at who opened it. Nor anything with O_PATH, which the kernel does not hand over (SECCOMP_IOCTL_NOTIF_ADDFD takes no
 * such descriptor): whatever is done with one later is looked at then.
 */
import { readdirSync } from "node:fs";
import { EAGAIN, EMFILE, ENFILE, ENOENT } from "../../../abi/errno.ts";
import { EMPTY, openHow, terminated } from "../../../abi/bytes.ts";
import { close, fcntl, fstatfs, openat, openat2, statx } from "../../../abi/libc.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  Stat,
  STATX_MASK,
} from "../../../abi/stat.ts";
import { type Found, reopen } from "../../files/found.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import { isOnOwnStorage } from "../../files/writers.ts";
import type { Listener } from "../listener/notification.ts";
import type { Thread } from "../tasks/process.ts";
import type { Performer } from "./performer.ts";

/** null, zero, full, random, urandom (Documentation/admin-guide/devices.txt). */
const plainDevices: ReadonlySet<string> = new Set(["1:3", "1:5", "1:7", "1:8", "1:9"]);
const F_SETFL = 4;
/** What is said by what was found, and does not hold for the link that leads to it. */
const SETTLED = O_CREAT | O_EXCL | O_NOFOLLOW;

/** How something is opened. */
export interface Way {
  readonly flags: number;
  /** By openat2, which adds no O_LARGEFILE of its own. */
  readonly isExact: boolean;
}

/** It cannot be opened by us as the task would have it opened. */
export const NOT_OURS = "not ours";

export class Opener {
  readonly #performer: Performer;
  readonly #listener: Listener;
  readonly #statfs: Buffer = Buffer.alloc(120);
  readonly #stat = new Stat();

  constructor(performer: Performer, listener: Listener) {
    this.#performer = performer;
    this.#listener = listener;
  }

  /** Whether what was found may be opened in place of a thread that the performer may act for. */
  mayOpen({ fd, stat }: Found, flags: number): boolean {
    if ((flags & O_PATH) !== 0) return false;
    if (stat.isCharacterDevice) return plainDevices.has(stat.rdev);
    return (stat.isRegular || stat.isDirectory) && this.#isOrdinary(fd);
  }

  /** Whether files may be made in a directory. */
  mayCreateIn(directory: Found): boolean {
    return this.#isOrdinary(directory.fd);
  }

  /**
   * Whether a thread is sure to get one more descriptor. Asked before a file is made or emptied: the kernel would look before
   * that, and we find out after it. Fewer descriptors than the limit leave a number below it free.
   */
  hasRoom({ tid }: Thread): boolean {
    // prlimit(2) needs a right that a supervisor may lack; this is told to everybody.
    const [, limit] = /^Max open files\s+(\d+) /m.exec(readProcFile(`/proc/${tid}/limits`) ?? "") ?? [];
    if (limit === undefined) return true;
    const directory = `/proc/${tid}/fd`;
    // Its size is their number since Linux 6.2.
    const size = statx(AT_FDCWD, terminated(directory), 0, STATX_MASK, this.#stat.bytes) < 0 ? 0 : this.#stat.size;
    return (size || entriesOf(directory)) < Number(limit);
  }

  /** Opens what was found and gives it to the task: the number it has there, a negative errno, or `NOT_OURS`. */
  open(thread: Thread, found: Found, { flags, isExact }: Way): number | typeof NOT_OURS {
    // Without waiting: what holds a lease on the file would keep us, and with us all.
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
   * Makes a file in a directory that we hold and gives it to the task: the number it has there, or a negative errno. `made` is
   * told of the file. The caller has taken on the thread's rights and umask.
   */
  create(directory: Found, name: Buffer, { flags, isExact }: Way, mode: number, made?: (stat: Stat) => void): number {
    const all = flags | O_CLOEXEC;
    const own = isExact ? openat2(directory.fd, name, openHow(all, mode, 0)) : openat(directory.fd, name, all, mode);
    if (own < 0) return own;
    try {
      if (made && statx(own, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) >= 0) made(this.#stat);
      const number = this.#give(own, flags);
      // It has been made, whatever has become of the task since.
      return number === -ENOENT ? 0 : number;
    } finally {
      close(own);
    }
  }

  #give(fd: number, flags: number): number {
    return this.#listener.give(fd, (flags & O_CLOEXEC) !== 0);
  }

  #isOrdinary(fd: number): boolean {
    return fstatfs(fd, this.#statfs) >= 0 && isOnOwnStorage(this.#statfs.readUInt32LE(0));
  }
}

function entriesOf(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}
