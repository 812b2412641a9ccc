/**
 * Whether a directory holds something, so that it cannot be removed or replaced.
 *
 * Asked only where the kernel's own answer cannot be had first. On many file systems of the kernel's own making a directory is
 * never empty and goes all the same (control groups, tracefs, configfs, resctrl), so it is asked only where entries are files.
 */
import { opendirSync } from "node:fs";
import type { Found } from "./found.ts";

/** linux/magic.h, fs/xfs/libxfs/xfs_format.h, fs/zfs: ext2 to 4, tmpfs, ramfs, XFS, Btrfs, F2FS, overlayfs, FAT, NFS, ZFS. */
const STORED: ReadonlySet<number> = new Set([
  0xef53, 0x0102_1994, 0x8584_58f6, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x794c_7630, 0x4d44, 0x6969, 0x2fc1_2fc1,
]);

/** True only where that is certain; one that cannot be read is taken to be empty. */
export function isKnownToHold({ fd, stat, filesystem }: Found): boolean {
  if (!stat.isDirectory || !STORED.has(filesystem)) return false;
  // Each directory in it has a link to it; where directories are not counted, all have one link.
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
