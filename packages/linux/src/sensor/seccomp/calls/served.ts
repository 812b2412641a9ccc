/**
 * File systems that a process serves: FUSE and similar ones. A server inside could keep the supervisor waiting for any time, in
 * the kernel, where not even SIGKILL ends the wait once the request was sent (fs/fuse/dev.c, request_wait_answer), and could
 * give it another answer than the task. So in no mode does the workload serve one: the device cannot be opened, and no mount
 * can be made.
 *
 * The server of a network file system may be inside as well, but the wait for it can be interrupted: such a mount is a loss. A
 * mount that existed before is as trusted as the user who made it.
 */
import { constants, openSync, readSync } from "node:fs";
import { ENOENT } from "../../../abi/errno.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";
import { close, openat2, read } from "../../../abi/libc.ts";
import { O_CLOEXEC, O_DIRECTORY, O_PATH, RESOLVE_NO_XDEV, S_IFBLK, type Stat } from "../../../abi/stat.ts";
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

/** /dev/cuse, /dev/fuse, /dev/autofs; network block devices; Coda; ATA over Ethernet (Documentation/admin-guide/devices.txt). */
const NUMBERS = /^(?:10:203|10:229|10:235|43:\d+|67:\d+|152:\d+)$/;
/**
 * Devices of major number 10 that get their minor number when their driver is loaded (/proc/misc). NVMe may lead to an own port; behind
 * raw-gadget a process is a USB device, also a disk.
 */
const NAMES: ReadonlySet<string> = new Set([
  "cachefiles",
  "cuse",
  "ublk-control",
  "pvfs2-req",
  "nvme-fabrics",
  "raw-gadget",
]);
const MISC = "10:";
/** Drivers whose major number is given when they are loaded (/proc/devices): virtio devices, disks among them, that a process serves. */
const DRIVERS = /^ *(\d+) vduse$/m;
/** How the driver of disks that a process serves calls a device of `uio` (drivers/target/target_core_user.c). */
const DISK_BY_UIO = /^tcm-user\//;

/** Held open from the start: a workload that may mount could cover them, and so hide what a device is. Closed by Node. */
const heldDrivers = held("/proc/devices");
const heldMisc = held("/proc/misc");
const heldDevices = held("/sys/dev/char", O_PATH | O_DIRECTORY);
const WITHIN_MOUNT = openHow(O_CLOEXEC, 0, RESOLVE_NO_XDEV);
const bytes: Buffer = Buffer.alloc(4096);

/** Whether a device lets a process serve files, a device, or the disk that they lie on. */
export function isServing({ rdev, isCharacterDevice, kind }: Stat): boolean {
  if (!isCharacterDevice && kind !== S_IFBLK) return false;
  if (NUMBERS.test(rdev)) return true;
  if (!isCharacterDevice) return false;
  if (DRIVERS.exec(textOf(heldDrivers))?.[1] === rdev.split(":")[0]) return true;
  if (isDiskByUio(rdev)) return true;
  if (!rdev.startsWith(MISC)) return false;
  const name = new RegExp(`^ *${rdev.slice(MISC.length)} (.+)$`, "m").exec(textOf(heldMisc))?.[1];
  return name !== undefined && NAMES.has(name);
}

/** A device without that file is none. Where something is mounted on the way to it, or no file can be opened, it may be such a disk. */
function isDiskByUio(rdev: string): boolean {
  if (heldDevices === undefined) return false;
  const fd = openat2(heldDevices, terminated(`${rdev}/name`), WITHIN_MOUNT);
  if (fd < 0) return fd !== -ENOENT;
  const length = read(fd, bytes);
  close(fd);
  return length > 0 && DISK_BY_UIO.test(bytes.toString("latin1", 0, length));
}

function held(path: string, flags: number = constants.O_RDONLY): number | undefined {
  try {
    return openSync(path, flags | O_CLOEXEC);
  } catch {
    return undefined;
  }
}

/** The text of a file that the kernel generates, from its beginning; a read gives a page of it at most. */
function textOf(fd: number | undefined): string {
  let text = "";
  for (let length = -1; fd !== undefined && length !== 0; text += bytes.toString("latin1", 0, length))
    length = readSync(fd, bytes, 0, bytes.length, text.length);
  return text;
}
