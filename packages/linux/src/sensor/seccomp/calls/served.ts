/**
 * File systems that a process serves: FUSE and its like. A server inside could keep the supervisor waiting for as long as it likes, in
 * the kernel, where not even SIGKILL ends the wait once the server has been asked (fs/fuse/dev.c, request_wait_answer), and tell it
 * something else than the task. So the workload serves none, in no mode: the device cannot be opened, and nothing be mounted.
 *
 * Of file systems of the network the server may be inside as well, but the wait for it can be ended: to mount one is a loss.
 * What was mounted before is as trusted as whoever mounted it.
 */
import { EPERM } from "../../../abi/errno.ts";
import { S_IFBLK, type Stat } from "../../../abi/stat.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { Verdict } from "../../mediation.ts";
import type { Context } from "../context.ts";
import type { Thread } from "../tasks/process.ts";

/** By type, which may have a subtype after a dot (`fuse.sshfs`). */
const LOCAL = /^(?:fuse|fuseblk|9p|autofs|coda|orangefs|pvfs2)(?:\.|$)/;
const REMOTE = /^(?:nfs|nfs4|cifs|smb3|ceph|afs)(?:\.|$)/;

/** What becomes of a mount of such a type that the contour permits. */
export function mountingServed(context: Context, thread: Thread, type: string): Verdict {
  if (LOCAL.test(type)) return EPERM;
  return REMOTE.test(type) ? context.notSeen(thread, "a file system of the network was mounted, served by anybody") : 0;
}

/** /dev/fuse, /dev/autofs; network block devices; Coda (Documentation/admin-guide/devices.txt). */
const NUMBERS = /^(?:10:229|10:235|43:\d+|67:\d+)$/;
/** Devices of major number 10 that are given their second number when their driver begins (/proc/misc). */
const NAMES: ReadonlySet<string> = new Set(["cachefiles", "ublk-control", "pvfs2-req"]);
const MISC = "10:";

/** Whether a device is one by which a process serves files, or the disk that they lie on. */
export function isServing({ rdev, isCharacterDevice, kind }: Stat): boolean {
  if (!isCharacterDevice && kind !== S_IFBLK) return false;
  if (NUMBERS.test(rdev)) return true;
  if (!isCharacterDevice || !rdev.startsWith(MISC)) return false;
  const name = new RegExp(`^ *${rdev.slice(MISC.length)} (.+)$`, "m").exec(readProcFile("/proc/misc") ?? "")?.[1];
  return name !== undefined && NAMES.has(name);
}
