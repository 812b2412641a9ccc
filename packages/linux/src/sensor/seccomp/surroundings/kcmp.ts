/**
 * What the kernel tells of two tasks by comparing them (kcmp). Without CONFIG_KCMP, or without the right to look into one of
 * them, nothing counts as the same.
 */
import { rawCall } from "../../../abi/raw-call.ts";

/** arch/x86/entry/syscalls/syscall_64.tbl; linux/kcmp.h */
const NR_KCMP = 312;
const KCMP_FILE = 0;
const KCMP_FILES = 2;

/** Whether two descriptors of the supervisor are of one open file. */
export function isSameFile(a: number, b: number): boolean {
  return rawCall(NR_KCMP, [process.pid, process.pid, KCMP_FILE, a, b]) === 0;
}

/** Whether a descriptor of the supervisor and one of a task are of one open file. */
export function isFileOfTask(own: number, tid: number, fd: number): boolean {
  return rawCall(NR_KCMP, [process.pid, tid, KCMP_FILE, own, fd]) === 0;
}

/**
 * Whether two tasks have one table of descriptors. No call joins two tables, so what is one table now was one before, as long
 * as these tasks are the same.
 */
export function shareDescriptors(a: number, b: number): boolean {
  return rawCall(NR_KCMP, [a, b, KCMP_FILES, 0, 0]) === 0;
}
