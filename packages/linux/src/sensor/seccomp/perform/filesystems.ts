/**
 * File systems on which calls may be made in a task's place.
 *
 * Most decide by what a thread can take on. A few ask a process in user space, which may be one of the workload's own: while
 * we waited for it, it would wait for us. Others choose by the caller's keyrings as whom they act.
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

const statfs: Buffer = Buffer.alloc(120);

/** Whether an object, held or behind a descriptor of ours, lies on a file system that decides by what a thread can take on. */
export function isOrdinary(object: Found | number): boolean {
  if (typeof object !== "number") return object.filesystem >= 0 && !OTHERS.has(object.filesystem);
  return fstatfs(object, statfs) >= 0 && !OTHERS.has(statfs.readUInt32LE(0));
}
