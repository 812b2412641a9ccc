/**
 * Wakes a thread that blocks in the kernel: a signal to that thread alone, whose handler does nothing.
 *
 * The handler is `getpid` of the C library: it is harmless at any moment and exists in every process. It is installed without
 * SA_RESTART, so the interrupted call returns EINTR. SIGURG is ignored by default and not used by Node.
 */
import { gettid, sigaction, symbolAddress, tgkill } from "../abi/libc.ts";

/** SIGURG. */
export const DOORBELL = 23;

/** Installs the handler, so that the signal interrupts instead of being ignored. Once per process is enough. */
export function armDoorbell(): void {
  // struct sigaction of glibc on x86-64: pointer handler, 128-byte mask, int flags, pointer restorer.
  const action = Buffer.alloc(152);
  action.writeBigUInt64LE(symbolAddress("getpid"), 0);
  sigaction(DOORBELL, action, null);
}

/** Interrupts a thread of this process. The signal may arrive between two waits, so repeat it until the thread has responded. */
export function ringDoorbell(tid: number): void {
  tgkill(process.pid, tid, DOORBELL);
}

export function currentThread(): number {
  return gettid();
}
