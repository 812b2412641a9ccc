/** Closing this process to others of the same user: ptrace, its memory, its descriptors, its entries in /proc. */
import { prctl } from "../abi/libc.ts";

const PR_SET_DUMPABLE = 4;

/**
 * From now on the kernel lets only those look into this process who have CAP_SYS_PTRACE (ptrace(2), "Ptrace access mode checking"),
 * and no core of it is written. It keeps its own entries in /proc: of its own threads the kernel asks nothing. A child that still
 * shares its memory (vfork, before exec) is closed with it.
 */
export function closeToOthers(): void {
  prctl(PR_SET_DUMPABLE, 0);
}
