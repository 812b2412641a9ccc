/**
 * Whether a directory is not empty, so that it cannot be removed or replaced.
 *
 * Used only where the kernel's own answer cannot be had first. On many synthetic file systems a directory is never empty and
 * can still be removed (control groups, tracefs, configfs, resctrl), so only file systems with real entries are examined.
 */
import { opendirSync } from "node:fs";
import type { Found } from "./found.ts";

/** linux/magic.h, fs/xfs/libxfs/xfs_format.h, fs/zfs: ext2 to 4, tmpfs, ramfs, XFS, Btrfs, F2FS, overlayfs, FAT, NFS, ZFS. */
const STORED: ReadonlySet<number> = new Set([
  0xef53, 0x0102_1994, 0x8584_58f6, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x794c_7630, 0x4d44, 0x6969, 0x2fc1_2fc1,
]);

/** True only if it is certain; a directory that cannot be read counts as empty. */
export function isKnownToHold({ fd, stat, filesystem }: Found): boolean {
  if (!stat.isDirectory || !STORED.has(filesystem)) return false;
  // Each subdirectory has a link to its parent; file systems that do not count them report one link for every directory.
  return stat.nlink > 2 || lists(fd);
}

function lists(fd: number): boolean {
  try {
    const entries = opendirSync(`/proc/self/fd/${fd}`);
    try {
      return entries.readSync() !== null;
    } finally {
      entries.closeSync();
    }
  } catch {
    return false;
  }
}
