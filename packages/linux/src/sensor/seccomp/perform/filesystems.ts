/**
 * File systems on which the supervisor may make calls in place of a task.
 *
 * Most decide by rights that a thread can take on. A few ask a process in user space, which may belong to the workload: while
 * the supervisor waits for it, it would wait for the supervisor. Others use the caller's keyrings to choose a remote user.
 */
import { EMPTY } from "../../../abi/bytes.ts";
import { fstatfs, statx } from "../../../abi/libc.ts";
import { AT_EMPTY_PATH, S_IFBLK, Stat, STATX_MASK } from "../../../abi/stat.ts";
import type { Found } from "../../files/found.ts";
import { isOnOwnStorage } from "../../files/writers.ts";

/** linux/magic.h, fs/smb/common/smb2pdu.h, fs/afs/afs.h */
const OTHERS: ReadonlySet<number> = new Set([
  0x6573_5546, // fuse
  0xff53_4d42, // cifs
  0xfe53_4d42, // smb
  0x6b41_4653, // afs
  0x5346_414f, // openafs
]);

/** A file system that a task froze makes each change wait: for that task, which may be waiting for the supervisor. */
let mayBeFrozen = false;

/**
 * From now on each task of this thread's namespaces changes and opens files itself: a task may have frozen a file system, by a
 * request to the file system or to its disk. Which one, and for how long, is not known.
 */
export function fileSystemsMayFreeze(): void {
  mayBeFrozen = true;
}

/** Whether a change of a file might keep the supervisor waiting for a task of its own. */
export function mayWaitForThaw(): boolean {
  return mayBeFrozen;
}

const statfs: Buffer = Buffer.alloc(120);

const stat = new Stat();

/**
 * Whether an object, held or behind a descriptor of the supervisor, lies on a file system that decides by rights a thread can
 * take on, and that answers at once.
 */
export function isOrdinary(object: Found | number): boolean {
  if (mayBeFrozen) return false;
  if (typeof object !== "number") return object.filesystem >= 0 && !OTHERS.has(object.filesystem);
  return fstatfs(object, statfs) >= 0 && !OTHERS.has(statfs.readUInt32LE(0));
}

/** Whether a descriptor leads to the driver of a device, whatever its node lies on; true also for what cannot be looked at. */
export function isDevice(fd: number): boolean {
  return !isLookedAt(fd) || stat.isCharacterDevice || stat.kind === S_IFBLK;
}

/**
 * Whether a request (ioctl) on a descriptor reaches nothing but a file system of the kernel's own. Behind a device, and behind what other
 * file systems have, there may be a process, which can have the kernel read and write whatever it names in the memory of the caller: in
 * the supervisor's.
 */
export function takesRequests(fd: number): boolean {
  if (mayBeFrozen || !isLookedAt(fd) || !(stat.isRegular || stat.isDirectory)) return false;
  return fstatfs(fd, statfs) >= 0 && isOnOwnStorage(statfs.readUInt32LE(0));
}

function isLookedAt(fd: number): boolean {
  return statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) >= 0;
}
