/**
 * File systems on which the supervisor may make calls in place of a task.
 *
 * Most decide by rights that a thread can take on. A few ask a process in user space, which may belong to the workload: while
 * the supervisor waits for it, it would wait for the supervisor. Others use the caller's keyrings to choose a remote user.
 */
import { fstatfs } from "../../../abi/libc.ts";
import type { Found } from "../../files/found.ts";

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

/**
 * Whether an object, held or behind a descriptor of the supervisor, lies on a file system that decides by rights a thread can
 * take on, and that answers at once.
 */
export function isOrdinary(object: Found | number): boolean {
  if (mayBeFrozen) return false;
  if (typeof object !== "number") return object.filesystem >= 0 && !OTHERS.has(object.filesystem);
  return fstatfs(object, statfs) >= 0 && !OTHERS.has(statfs.readUInt32LE(0));
}
