/** A lock that one process holds at a time, or several share; it is released when its holder ends. */
import { EAGAIN, EINTR } from "../abi/errno.ts";
import { flock } from "../abi/libc.ts";

/** linux/fcntl.h */
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const LOOK_EVERY_MS = 10;

/**
 * Locks an open file or directory against other callers of flock(2). Blocks this thread until the lock is free; closing the
 * descriptor releases it. False if the lock was not free in time or the file cannot be locked.
 */
export function lock(fd: number, patienceMs: number): boolean {
  return locked(fd, LOCK_EX, patienceMs);
}

/** The same against `lock` alone: any number of descriptors share it. */
export function lockShared(fd: number, patienceMs: number): boolean {
  return locked(fd, LOCK_SH, patienceMs);
}

function locked(fd: number, how: number, patienceMs: number): boolean {
  const until = performance.now() + patienceMs;
  for (;;) {
    const result = flock(fd, how | LOCK_NB);
    if (result === 0) return true;
    if ((result !== -EAGAIN && result !== -EINTR) || performance.now() >= until) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
  }
}

/** Releases the lock before the descriptor is closed. */
export function unlock(fd: number): void {
  flock(fd, LOCK_UN);
}
