/**
 * Whether a file may be written to without a trace in its times.
 *
 * A write through a shared mapping changes the ctime at the first write to a page only: whatever follows leaves device, inode,
 * ctime and size as they were. So equal ones prove equal content only from a moment on at which nothing could write to the
 * file; whatever opens it later makes a first write, and that one shows. The proof of such a moment is a read lease: the kernel
 * grants one only while the inode is open for writing nowhere, and a mapping counts as long as it lasts, with its descriptor or
 * without (fs/locks.c, check_conflicting_open; i_writecount is given back when the last reference to the open file goes).
 */
import { EMPTY } from "../../abi/bytes.ts";
import { EAGAIN } from "../../abi/errno.ts";
import { faccessat2, fcntl, fstatfs } from "../../abi/libc.ts";
import { AT_EACCESS, AT_EMPTY_PATH, type Stat } from "../../abi/stat.ts";
import { WRITE } from "../words/access.ts";

/** `unknown`: nothing proves that there is none. */
export type Writers = "none" | "some" | "unknown";

const TMPFS = 0x0102_1994;
const OVERLAY = 0x794c_7630;
/** linux/magic.h: ext4, XFS, Btrfs, F2FS, tmpfs, ramfs, overlay. Whose times the kernel keeps itself, and in small steps. */
const keptByKernel: ReadonlySet<number> = new Set([
  0xef53,
  0x5846_5342,
  0x9123_683e,
  0xf2f5_2010,
  TMPFS,
  0x8584_58f6,
  OVERLAY,
]);
/** SquashFS, EROFS, ISO 9660: nothing can write to them. */
const readOnly: ReadonlySet<number> = new Set([0x7371_7368, 0xe0f5_e1e2, 0x9660]);

/** Whether a file system is one of the kernel's own on storage that it reads itself: nothing else comes in when a file is opened. */
export function isOnOwnStorage(magic: number): boolean {
  return keptByKernel.has(magic) || readOnly.has(magic);
}

const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
/** Ignored unless a process asks for it: that the lease is to end tells us nothing, because it ends at once. */
const SIGURG = 23;

/** More than a tick of the coarsest clock (10 ms at 100 Hz), by which ctimes go before Linux 6.13. */
const TICK_MILLISECONDS = 20;
/** Inodes that are remembered; beyond it all are taken to have been opened so. */
const MOST_OPENED = 65_536;

export class WriterSearch {
  readonly #statfs: Buffer = Buffer.alloc(120);
  readonly #openedForBoth = new Set<number>();
  #overlaysAreOwn = false;

  /** Takes note of a file that was opened for reading and writing, so that it may be mapped. */
  noteOpened({ inode }: Stat): void {
    if (this.#openedForBoth.size < MOST_OPENED) this.#openedForBoth.add(inode);
  }

  /** Takes note that the namespace made an overlay file system, of layers that it may write to beneath it. */
  noteOverlay(): void {
    this.#overlaysAreOwn = true;
  }

  /** Of the file behind a descriptor that was opened for reading, whose status that is. What is read before may be outdated. */
  of(readable: number, stat: Stat): Writers {
    const magic = fstatfs(readable, this.#statfs) < 0 ? 0 : this.#statfs.readUInt32LE(0);
    if (readOnly.has(magic)) return "none";
    const lease = leaseOf(readable);
    if (lease === "some") return lease;
    if (!keptByKernel.has(magic) || !isOlderThanTick(stat) || this.#escapesLease(magic, stat)) return "unknown";
    // To lease another's file takes a right of its own. What this process may not write, its workload may not open for it.
    return lease === "unknown" && mayWrite(readable) ? "unknown" : "none";
  }

  /** Whether a lease on the file says nothing of some of its writers. */
  #escapesLease(magic: number, { inode, nlink }: Stat): boolean {
    // Of a file in memory that never had a name (memfd), whoever made it is not counted (fs/file_table.c, alloc_file).
    if (magic === TMPFS) return nlink === 0;
    // A mapping holds the file beneath, not the one that is seen (fs/backing-file.c, backing_file_mmap).
    return (
      magic === OVERLAY &&
      (this.#overlaysAreOwn || this.#openedForBoth.has(inode) || this.#openedForBoth.size >= MOST_OPENED)
    );
  }
}

/** Takes a lease and gives it back at once: an open for writing would wait for that, or fail if it must not wait. */
function leaseOf(readable: number): Writers {
  fcntl(readable, F_SETSIG, SIGURG);
  const result = fcntl(readable, F_SETLEASE, F_RDLCK);
  if (result >= 0) fcntl(readable, F_SETLEASE, F_UNLCK);
  return result >= 0 ? "none" : result === -EAGAIN ? "some" : "unknown";
}

/** A change within the same tick would not show; nor would one by a clock that was set back. */
function isOlderThanTick(stat: Stat): boolean {
  return stat.changedAtMilliseconds < Date.now() - TICK_MILLISECONDS;
}

function mayWrite(fd: number): boolean {
  return faccessat2(fd, EMPTY, WRITE, AT_EMPTY_PATH | AT_EACCESS) >= 0;
}
