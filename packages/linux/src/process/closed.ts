/** Closes this process to other processes of the same user: ptrace, its memory, its descriptors, its entries in /proc. */
import { prctl } from "../abi/libc.ts";

const PR_SET_DUMPABLE = 4;

/**
 * From now on only a process with CAP_SYS_PTRACE may inspect this one (ptrace(2), "Ptrace access mode checking"), and no core
 * of it is written. It can still read its own entries in /proc: the kernel does not check its own threads. A child that still
 * shares its memory (vfork, before exec) is closed with it.
 */
export function closeToOthers(): void {
  prctl(PR_SET_DUMPABLE, 0);
}
