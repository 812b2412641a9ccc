/**
 * File systems on which calls may be made in a task's place.
 *
 * Most decide by what a thread can take on. A few ask a process in user space, which may be one of the workload's own: while
 * we waited for it, it would wait for us. Others choose by the caller's keyrings as whom they act.
 */
import type { Found } from "../../files/found.ts";

/** linux/magic.h, fs/smb/common/smb2pdu.h, fs/afs/afs.h */
const OTHERS: ReadonlySet<number> = new Set([
  0x6573_5546, // fuse
  0xff53_4d42, // cifs
  0xfe53_4d42, // smb
  0x6b41_4653, // afs
  0x5346_414f, // openafs
]);

/** Whether an object lies on a file system that decides by what a thread can take on. */
export function isOrdinary({ filesystem }: Found): boolean {
  return filesystem >= 0 && !OTHERS.has(filesystem);
}
