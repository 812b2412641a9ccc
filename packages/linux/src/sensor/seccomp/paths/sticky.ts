/**
 * Files of other users in world-writable directories: the kernel refuses to open one with O_CREAT (fs/namei.c,
 * may_create_in_sticky; Documentation/admin-guide/sysctl/fs.rst, protected_regular), so that a program that intends to create a
 * file does not get another user's. A reopen does not create a file, so the kernel does not check this by itself.
 */
import { AT_FDCWD } from "../../../abi/stat.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import { Found } from "../../files/found.ts";
import type { PathFinder } from "./finder.ts";
import type { Thread } from "../tasks/process.ts";

const S_ISVTX = 0o1000;
const S_IWOTH = 0o002;
const S_IWGRP = 0o020;
const SLASH = 0x2f;

/** Whether the kernel refuses to open a regular file with O_CREAT; "unknown" if its directory cannot be determined. */
export function isKeptInSticky(finder: PathFinder, found: Found, thread: Thread): boolean | "unknown" {
  const { stat, path, standing } = found;
  if (!stat.isRegular || stat.uid === thread.credentials.fsuid) return false;
  const level = Number(readProcFile("/proc/sys/fs/protected_regular") ?? 1);
  if (level === 0) return false;
  if (standing !== "here" || path[0] !== SLASH) return "unknown";
  const end = Math.max(path.lastIndexOf(SLASH), 1);
  const directory = new Found();
  try {
    const way = Buffer.concat([path.subarray(0, end), Buffer.of(0)]);
    if (finder.find(directory, thread, AT_FDCWD, way, end, true) < 0) return "unknown";
    const { mode, uid } = directory.stat;
    if ((mode & S_ISVTX) === 0 || stat.uid === uid) return false;
    return (mode & S_IWOTH) !== 0 || (level >= 2 && (mode & S_IWGRP) !== 0);
  } finally {
    directory.close();
  }
}
