/**
 * The parts of fanotify(7) that are needed to get a file without the permission of another fanotify group, and to hear of opens of
 * a file by other processes (linux/fanotify.h).
 */
import { EAGAIN } from "./errno.ts";
import { read } from "./libc.ts";
import { rawCall } from "./raw-call.ts";
import { AT_FDCWD, O_CLOEXEC } from "./stat.ts";
import { syscallNumbers } from "./syscalls.ts";

const FAN_CLOEXEC = 1;
const FAN_NONBLOCK = 2;
const FAN_CLASS_PRE_CONTENT = 8;
const FAN_REPORT_TID = 0x100;
const FAN_MARK_ADD = 1;
const FAN_MARK_REMOVE = 2;
const FAN_OPEN_PERM = 0x1_0000n;
export const FAN_ALLOW = 1;
export const FAN_DENY = 2;
const O_NONBLOCK = 0o4000;
/** arch/x86/entry/syscalls/syscall_64.tbl */
const WRITE = 1;

/**
 * Creates a group of the class that is asked first, whose files are opened for reading; events name threads. Returns a negative
 * errno without CAP_SYS_ADMIN, or if the kernel has no such events.
 */
export function firstGroup(): number {
  const flags = FAN_CLASS_PRE_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_TID;
  return rawCall(syscallNumbers.fanotify_init, [flags, O_CLOEXEC | O_NONBLOCK]);
}

/** Starts or stops permission events for opens of the file at a NUL-terminated path; 0 or a negative errno. */
export function markOpens(group: number, path: Buffer, isAsked: boolean): number {
  const how = isAsked ? FAN_MARK_ADD : FAN_MARK_REMOVE;
  return rawCall(syscallNumbers.fanotify_mark, [group, how, FAN_OPEN_PERM, AT_FDCWD, path]);
}

/** A permission event: the file that is opened, and the thread that opens it. */
export interface Question {
  readonly file: number;
  readonly tid: number;
}

/** sizeof(struct fanotify_event_metadata): u32 length, u8 version …, u64 mask, i32 fd, i32 pid. */
const EVENT_SIZE = 24;
const events: Buffer = Buffer.alloc(64 * EVENT_SIZE);

/** The pending permission events; none if none are pending or they cannot be read. */
export function questions(group: number): readonly Question[] {
  const length = read(group, events);
  const found: Question[] = [];
  for (let at = 0; at + EVENT_SIZE <= length; at += Math.max(events.readUInt32LE(at), EVENT_SIZE))
    found.push({ file: events.readInt32LE(at + 16), tid: events.readInt32LE(at + 20) });
  return found;
}

const answer: Buffer = Buffer.alloc(8);

/** Answers the permission event of a file: `FAN_ALLOW` or `FAN_DENY`. */
export function answerOpen(group: number, file: number, verdict: number): void {
  answer.writeInt32LE(file, 0);
  answer.writeUInt32LE(verdict, 4);
  rawCall(WRITE, [group, answer, answer.length]);
}

const FAN_REPORT_FID = 0x200;
const FAN_OPEN = 0x20n;
const FAN_Q_OVERFLOW = 0x4000n;

/**
 * Creates a group that is told of opens and passes no files on, which needs no capability (since Linux 5.13). Returns a negative
 * errno if the kernel has none.
 */
export function hearingGroup(): number {
  return rawCall(syscallNumbers.fanotify_init, [FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_FID, O_CLOEXEC]);
}

/** Starts or stops telling of opens of the file behind a descriptor (not of O_PATH); 0 or a negative errno. */
export function hearOpens(group: number, fd: number, isHeard: boolean): number {
  const how = isHeard ? FAN_MARK_ADD : FAN_MARK_REMOVE;
  return rawCall(syscallNumbers.fanotify_mark, [group, how, FAN_OPEN, fd, 0]);
}

const heard: Buffer = Buffer.alloc(16_384);

/**
 * Whether a process other than this one has opened a file since the last call, or that cannot be excluded. A group without
 * capabilities is not told which other process it was, but always whether it was this one, and the kernel never merges the events of two
 * processes (fs/notify/fanotify/fanotify.c, fanotify_should_merge; fanotify_user.c, copy_event_to_user).
 */
export function othersHaveOpened(group: number): boolean {
  let isFound = false;
  for (;;) {
    const length = read(group, heard);
    if (length < 0) return isFound || length !== -EAGAIN;
    if (length < EVENT_SIZE) return true;
    for (let at = 0; at + EVENT_SIZE <= length; at += Math.max(heard.readUInt32LE(at), EVENT_SIZE)) {
      const isLost = (heard.readBigUInt64LE(at + 8) & FAN_Q_OVERFLOW) !== 0n;
      if (isLost || heard.readInt32LE(at + 20) !== process.pid) isFound = true;
    }
  }
}
