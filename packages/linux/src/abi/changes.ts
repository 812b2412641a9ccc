/** Descriptors by which the kernel says what has happened since the last look: the clock was set, or a file system is gone. */
import { EAGAIN } from "./errno.ts";
import { read } from "./libc.ts";
import { rawCall } from "./raw-call.ts";

/** arch/x86/entry/syscalls/syscall_64.tbl */
const NR = { inotify_add_watch: 254, timerfd_create: 283, timerfd_settime: 286, inotify_init1: 294 } as const;
const CLOCK_REALTIME = 0;
/** linux/timerfd.h, linux/inotify.h: the flags for not blocking and closing on exec are those of open(2). */
const NONBLOCK_CLOEXEC = 0o2004000;
/** linux/timerfd.h: TFD_TIMER_ABSTIME and TFD_TIMER_CANCEL_ON_SET. */
const UNTIL_SET = 3;
/** Far beyond any clock that is right, in seconds since 1970. */
const NEVER = 4_000_000_000n;
/** linux/inotify.h. That the file system is gone (IN_UNMOUNT) is always said. */
const IN_DELETE_SELF = 0x400;

/** A descriptor for `wasClockSet`, or a negative errno. */
export function watchClock(): number {
  const fd = rawCall(NR.timerfd_create, [CLOCK_REALTIME, NONBLOCK_CLOEXEC]);
  const armed = fd < 0 ? fd : arm(fd);
  return armed < 0 ? armed : fd;
}

/**
 * Whether the clock was set since the last call with this descriptor, forwards or backwards, by any process (timerfd_create(2),
 * TFD_TIMER_CANCEL_ON_SET). Slewing it does not count: it never goes backwards by that.
 */
export function wasClockSet(fd: number): boolean {
  if (read(fd, expirations) === -EAGAIN) return false;
  arm(fd);
  return true;
}

const expirations: Buffer = Buffer.alloc(8);

function arm(fd: number): number {
  // struct itimerspec: the interval, then the value.
  const never = Buffer.alloc(32);
  never.writeBigInt64LE(NEVER, 16);
  return rawCall(NR.timerfd_settime, [fd, UNTIL_SET, never, 0]);
}

/** A descriptor for `watchMount` and `wasUnmounted`, or a negative errno. */
export function watchMounts(): number {
  return rawCall(NR.inotify_init1, [NONBLOCK_CLOEXEC]);
}

/** Watches the file system of what is at a NUL-terminated path, without keeping it from being unmounted; negative: an errno. */
export function watchMount(fd: number, path: Buffer): number {
  return rawCall(NR.inotify_add_watch, [fd, path, IN_DELETE_SELF]);
}

/**
 * Whether a watched file system is gone since the last call: unmounted everywhere, so that its device number is free
 * (fs/notify/fsnotify.c, fsnotify_sb_delete). Also true when what was watched is deleted, or nothing can be said.
 */
export function wasUnmounted(fd: number): boolean {
  return read(fd, happened) !== -EAGAIN;
}

const happened: Buffer = Buffer.alloc(4096);
