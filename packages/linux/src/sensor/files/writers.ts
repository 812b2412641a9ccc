/**
 * Whether a file may be written to without a trace in its times.
 *
 * A write through a shared mapping changes the ctime only at the first write to a page: later writes leave device, inode, ctime
 * and size unchanged. So equal values prove equal content only after a moment at which no process could write to the file: a
 * process that opens it later makes a first write, which changes the ctime.
 *
 * The proof of such a moment is a read lease. The kernel grants one only while the inode is not open for writing anywhere. A
 * mapping counts as long as it exists, with its descriptor or without (fs/locks.c, check_conflicting_open; i_writecount drops
 * when the last reference to the open file does).
 */
import { EMPTY } from "../../abi/bytes.ts";
import { EAGAIN } from "../../abi/errno.ts";
import { faccessat2, fcntl, fstatfs } from "../../abi/libc.ts";
import { AT_EACCESS, AT_EMPTY_PATH, type Stat } from "../../abi/stat.ts";
import { WRITE } from "../words/access.ts";

/** `unknown`: nothing proves that there is none. */
export type Writers = "none" | "some" | "unknown";

const TMPFS = 0x0102_1994;
const RAMFS = 0x8584_58f6;
const OVERLAY = 0x794c_7630;
/** linux/magic.h: ext4, XFS, Btrfs, F2FS, overlay. The kernel itself maintains their times, in small steps. */
const keptByKernel: ReadonlySet<number> = new Set([0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, OVERLAY]);
/**
 * Their times are the kernel's as well, and prove nothing: a page that was read through a mapping for writing is written to without a
 * fault, so no time changes (mm/mmap.c, vma_wants_writenotify: there is nothing to write back).
 */
const inMemory: ReadonlySet<number> = new Set([TMPFS, RAMFS]);
/** SquashFS, EROFS, ISO 9660: nothing can write to them. */
const readOnly: ReadonlySet<number> = new Set([0x7371_7368, 0xe0f5_e1e2, 0x9660]);

/** Whether a file system is one of the kernel's own on storage that it reads itself, so that no other process is involved in an open. */
export function isOnOwnStorage(magic: number): boolean {
  return keptByKernel.has(magic) || inMemory.has(magic) || readOnly.has(magic);
}

/** Whether it is one of these that is neither in memory nor made of others. */
export function isOnDisk(magic: number): boolean {
  return isOnOwnStorage(magic) && !inMemory.has(magic) && magic !== OVERLAY;
}

export function isOverlay(magic: number): boolean {
  return magic === OVERLAY;
}

const statfs = Buffer.alloc(120);
const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_SETOWN = 8;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
/** Ignored unless a process installs a handler. The signal of a lease break is not needed, because the lease is released at once. */
const SIGURG = 23;

/** More than a tick of the coarsest clock (10 ms at 100 Hz), which ctimes use before Linux 6.13. */
export const TICK_MILLISECONDS = 20;
/** The number of inodes that are remembered; beyond it every file counts as having been opened for writing. */
const MOST_OPENED = 65_536;

export class WriterSearch {
  readonly #openedForBoth = new Set<number>();
  readonly #mapsOverlay: () => boolean;
  #overlaysAreOwn = false;
  /** From this moment on, files of overlays may have been made, or opened for writing, without being recorded. */
  #unseenSince: number | undefined;

  /** `mapsOverlay`: whether a task may have mapped a file of an overlay for writing without being recorded. */
  constructor(mapsOverlay = () => false) {
    this.#mapsOverlay = mapsOverlay;
  }

  /** Records that a file was opened for reading and writing, so that it may be mapped. */
  noteOpened({ inode }: Stat): void {
    if (this.#openedForBoth.size < MOST_OPENED) this.#openedForBoth.add(inode);
  }

  /**
   * Records that a task is about to open a file of an overlay for reading and writing by itself: it makes the file, or the file is
   * copied up, which makes it anew. Its number is not known.
   */
  noteUnseen(): void {
    this.#unseenSince ??= Date.now() - TICK_MILLISECONDS;
  }

  /** Records that the namespace mounted an overlay file system, whose layers it may write to directly. */
  noteOverlay(): void {
    this.#overlaysAreOwn = true;
  }

  /** `descriptor` was opened for reading, and `stat` is its status. Content that was read before this call may be outdated. */
  of(readable: number, stat: Stat): Writers {
    const magic = magicOf(readable);
    if (readOnly.has(magic)) return "none";
    const lease = leaseOf(readable);
    if (lease === "some") return lease;
    if (!keptByKernel.has(magic) || !isOlderThanTick(stat) || this.leavesNoTrace(magic, stat)) return "unknown";
    // A lease on another user's file requires a capability. If this process may not write the file, neither may its workload.
    return lease === "unknown" && mayWrite(readable) ? "unknown" : "none";
  }

  /** Whether files of such a file system may be written to without a trace, as far as the file itself is not known. */
  mayLeaveNoTrace(magic: number): boolean {
    // A mapping holds the file of the layer, not the file of the overlay (fs/backing-file.c, backing_file_mmap).
    return magic === OVERLAY ? this.#overlaysAreOwn || this.#mapsOverlay() : inMemory.has(magic);
  }

  /**
   * Whether the file may be written to through a mapping without a change of its times: what is in memory, and what an overlay shows that
   * was opened so, since no lease accounts for that mapping and the file beneath may be in memory. Not even a version that was proven
   * earlier proves anything then.
   */
  leavesNoTrace(magic: number, { inode, bornAtMilliseconds: born }: Stat): boolean {
    if (this.mayLeaveNoTrace(magic)) return true;
    if (magic !== OVERLAY) return false;
    if (this.#openedForBoth.has(inode) || this.#openedForBoth.size >= MOST_OPENED) return true;
    return this.#unseenSince !== undefined && (born === undefined || born >= this.#unseenSince);
  }
}

/** `f_type` of the file system of a descriptor (linux/magic.h); 0 if it is not known. */
export function magicOf(fd: number): number {
  return fstatfs(fd, statfs) < 0 ? 0 : statfs.readUInt32LE(0);
}

/** Takes a lease and releases it at once: meanwhile an open for writing blocks, or fails if it must not block. */
function leaseOf(readable: number): Writers {
  fcntl(readable, F_SETSIG, SIGURG);
  const result = fcntl(readable, F_SETLEASE, F_RDLCK);
  if (result >= 0) fcntl(readable, F_SETLEASE, F_UNLCK);
  return result >= 0 ? "none" : result === -EAGAIN ? "some" : "unknown";
}

/**
 * Whether a descriptor that was opened for writing is the only open one of its file, here and in every other process: only then
 * the kernel grants a write lease on it. The descriptor is left as it was.
 */
export function hasOnlyThisDescriptor(writable: number): boolean {
  fcntl(writable, F_SETSIG, SIGURG);
  const isGranted = fcntl(writable, F_SETLEASE, F_WRLCK) >= 0;
  if (isGranted) fcntl(writable, F_SETLEASE, F_UNLCK);
  fcntl(writable, F_SETSIG, 0);
  fcntl(writable, F_SETOWN, 0);
  return isGranted;
}

/** A change within the same clock tick would not be visible, nor one after the clock was set back. */
function isOlderThanTick(stat: Stat): boolean {
  return stat.changedAtMilliseconds < Date.now() - tickOf(stat);
}

/**
 * How long after the last change of a file another is certain to get another time, in milliseconds. Inodes of 128 bytes have no room for
 * parts of a second (ext4 as it was made before 2008, and with `-I 128`), so a time of whole seconds may be that of any moment in one.
 */
export function tickOf({ changedAtMilliseconds }: Stat): number {
  return TICK_MILLISECONDS + (changedAtMilliseconds % 1000 === 0 ? 1000 : 0);
}

function mayWrite(fd: number): boolean {
  return faccessat2(fd, EMPTY, WRITE, AT_EMPTY_PATH | AT_EACCESS) >= 0;
}
