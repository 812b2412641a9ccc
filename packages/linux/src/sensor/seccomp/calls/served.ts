/**
 * File systems that a process serves: FUSE and similar ones. A server inside could keep the supervisor waiting for any time, in
 * the kernel, where not even SIGKILL ends the wait once the request was sent (fs/fuse/dev.c, request_wait_answer), and could
 * give it another answer than the task. So in no mode does the workload serve one: the device cannot be opened, and no mount
 * can be made.
 *
 * The server of a network file system may be inside as well, but the wait for it can be interrupted: such a mount is a loss. A
 * mount that existed before is as trusted as the user who made it.
 */
import { S_IFBLK, type Stat } from "../../../abi/stat.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { Verdict } from "../../mediation.ts";
import type { Context } from "../context.ts";
import type { Thread } from "../tasks/process.ts";

/** By type, which may have a subtype after a dot (`fuse.sshfs`). */
const LOCAL = /^(?:fuse|fuseblk|9p|autofs|coda|orangefs|pvfs2)(?:\.|$)/;
const REMOTE = /^(?:nfs|nfs4|cifs|smb3|ceph|afs)(?:\.|$)/;

/** Whether a process of this machine serves the files of such a type: it is not mounted, whatever the contour permits. */
export const isServedHere = (type: string): boolean => LOCAL.test(type);

/** How a mount of any other type is handled, if the contour permits it. */
export function mountingServed(context: Context, thread: Thread, type: string): Verdict {
  return REMOTE.test(type)
    ? context.notSeen(thread, "a file system of the network was mounted, and its server may be the workload")
    : 0;
}

/** /dev/fuse, /dev/autofs; network block devices; Coda; ATA over Ethernet (Documentation/admin-guide/devices.txt). */
const NUMBERS = /^(?:10:229|10:235|43:\d+|67:\d+|152:\d+)$/;
/**
 * Devices of major number 10 that get their minor number when their driver is loaded (/proc/misc). NVMe may lead to an own port; behind
 * raw-gadget a process is a USB device, also a disk.
 */
const NAMES: ReadonlySet<string> = new Set(["cachefiles", "ublk-control", "pvfs2-req", "nvme-fabrics", "raw-gadget"]);
const MISC = "10:";
/** Drivers whose major number is given when they are loaded (/proc/devices): virtio devices, disks among them, that a process serves. */
const DRIVERS = /^ *(\d+) vduse$/m;
/** How the driver of disks that a process serves calls a device of `uio` (drivers/target/target_core_user.c). */
const DISK_BY_UIO = /^tcm-user\//;

/** Whether a device lets a process serve files, or the disk that they lie on. */
export function isServing({ rdev, isCharacterDevice, kind }: Stat): boolean {
  if (!isCharacterDevice && kind !== S_IFBLK) return false;
  if (NUMBERS.test(rdev)) return true;
  if (!isCharacterDevice) return false;
  if (DRIVERS.exec(readProcFile("/proc/devices") ?? "")?.[1] === rdev.split(":")[0]) return true;
  if (DISK_BY_UIO.test(readProcFile(`/sys/dev/char/${rdev}/name`) ?? "")) return true;
  if (!rdev.startsWith(MISC)) return false;
  const name = new RegExp(`^ *${rdev.slice(MISC.length)} (.+)$`, "m").exec(readProcFile("/proc/misc") ?? "")?.[1];
  return name !== undefined && NAMES.has(name);
}
