/** One process at a time: a lock that ends with whoever holds it. */
import { EAGAIN, EINTR } from "../abi/errno.ts";
import { flock } from "../abi/libc.ts";

/** linux/fcntl.h */
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOOK_EVERY_MS = 10;

/**
 * Locks an open file or directory against others who do the same (flock(2)), blocking this thread until it is free; to close
 * the descriptor unlocks it. False if it was not free in time, or cannot be locked.
 */
export function lock(fd: number, patienceMs: number): boolean {
  const until = Date.now() + patienceMs;
  for (;;) {
    const result = flock(fd, LOCK_EX | LOCK_NB);
    if (result === 0) return true;
    if ((result !== -EAGAIN && result !== -EINTR) || Date.now() >= until) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
  }
}
