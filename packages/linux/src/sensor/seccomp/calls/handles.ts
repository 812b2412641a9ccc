/**
 * `open_by_handle_at`: a handle is not a path, and only the kernel can read it. So the supervisor opens it, from its own copy
 * and with a file system that it holds, and the object is decided about as if a path had led to it.
 */
import { EACCES, EBADF, EINVAL, EPERM } from "../../../abi/errno.ts";
import { close, openat2, pidfdOpen } from "../../../abi/libc.ts";
import { closeSoon } from "../../../process/moment.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_PATH } from "../../../abi/stat.ts";
import { EMPTY, openHow, terminated } from "../../../abi/bytes.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { accessOf } from "../../words/access.ts";
import type { Context, Decoder } from "../context.ts";
import { type Act, refusedAnyway, type Verdict } from "../../mediation.ts";
import type { Found } from "../../files/found.ts";
import type { Thread } from "../tasks/process.ts";
import { CLOSED } from "./targets.ts";
import { effectiveFlags, openExisting } from "./open.ts";
import { isOrdinary } from "../perform/filesystems.ts";
import { duplicate } from "../surroundings/task-socket.ts";

/** `struct file_handle`: u32 bytes, s32 type, then at most MAX_HANDLE_SZ bytes (linux/exportfs.h). */
const HEAD = 8;
const MOST = 128;
/** arch/x86/entry/syscalls/syscall_64.tbl */
const NAME_TO_HANDLE_AT = 303;
/** FD_PIDFS_ROOT and similar numbers (linux/fcntl.h) that stand for the kernel's own file systems instead of a descriptor. */
const ROOTS_BELOW = -9999;
/** Why a file that a handle leads to is a loss. */
const UNNAMED = "path not resolved (by-handle)";
const BY_PATH = openHow(O_PATH | O_CLOEXEC, 0, 0);
const DIRECTORY = openHow(O_DIRECTORY | O_CLOEXEC, 0, 0);

export const openByHandle: Decoder = (context, thread) => {
  const { call, performer } = context;
  const act = unknown(accessOf(call.u32(2)));
  // Their handles are those of processes and namespaces, the supervisor's among them (before 6.14 they do not exist).
  if (call.int(0) < ROOTS_BELOW) return context.decide(thread, refusedAnyway(act)) || EBADF;
  const handle = handleAt(context, thread);
  if (typeof handle === "number") return context.unreadable(thread, handle);
  if (handle.length === 0) return context.refuses(EINVAL);
  // With other rights than the thread's, the kernel would give another answer, and which file it is remains unknown.
  if (performer.rightsFor(thread) === undefined)
    return context.unseen(thread, UNNAMED, act) || mayBeOfProcess(context) || context.racy();
  const mount = mountOf(thread, call.int(0));
  if (mount === -EBADF) return context.refuses(EBADF);
  if (mount < 0) return context.notSeen(thread, CLOSED) || mayBeOfProcess(context);
  try {
    return openBehind(context, thread, mount, handle);
  } finally {
    closeSoon(mount);
  }
};

function unknown(access: string): Act<"open"> {
  return { op: "open", subject: { access, path: "?by-handle", mode: 0, uid: 0, gid: 0, fs: "?" } };
}

/** The bytes of the handle; empty if the kernel accepts no handle of this length; a negative errno if it cannot be read. */
function handleAt({ call, memory }: Context, { tid }: Thread): Buffer | number {
  const address = call.pointer(1);
  const head = memory.exactly(tid, address, HEAD);
  if (head < 0) return head;
  const length = memory.bytes.readUInt32LE(0);
  if (length === 0 || length > MOST) return Buffer.alloc(0);
  const whole = memory.exactly(tid, address, HEAD + length);
  if (whole < 0) return whole;
  const copy = Buffer.from(memory.bytes.subarray(0, HEAD + length));
  // The length was read twice: with another length the kernel would read beyond the copy.
  copy.writeUInt32LE(length, 0);
  return copy;
}

/** Any descriptor on the file system of the handle, or the working directory: not by O_PATH, which the kernel does not take here. */
function mountOf(thread: Thread, fd: number): number {
  if (fd !== AT_FDCWD) return duplicate(thread, fd);
  const directory = openat2(AT_FDCWD, terminated(`/proc/${thread.tid}/cwd`), BY_PATH);
  if (directory < 0) return directory;
  try {
    // On another file system the open might wait for a process.
    return isOrdinary(directory) ? openat2(directory, terminated("."), DIRECTORY) : -EACCES;
  } finally {
    close(directory);
  }
}

function openBehind(context: Context, thread: Thread, mount: number, handle: Buffer): Verdict {
  const { call, found, finder, performer } = context;
  const flags = effectiveFlags(call.u32(2));
  const look = O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW);
  const own = performer.make(thread, () => rawCall(syscallNumbers.open_by_handle_at, [mount, handle, look]));
  // For a process or a namespace the kernel refuses O_PATH, and so does the supervisor.
  if (own < 0) return context.refuses(-own);
  try {
    const result = finder.findOwn(found, thread, own);
    if (result < 0) return context.unresolved(thread, result, () => unknown(accessOf(flags)));
    if (!isAtItsPath(context, thread, found)) {
      found.rename(BY_HANDLE);
      // Nothing tells such files apart: one that was learnt would stand for every other on the file system, beyond a container's root.
      const lost = context.notSeen(thread, UNNAMED);
      if (lost !== 0) return context.decide(thread, unknown(accessOf(flags))) || lost;
    }
    return (
      openExisting(context, thread, flags, accessOf(flags)) ||
      context.open(thread, found, { flags, isExact: false }, true) ||
      mayBeOfProcess(context)
    );
  } finally {
    found.close();
    close(own);
  }
}

/**
 * The task makes the call itself: another thread may put the descriptor of a process and its handle in the place of what was looked at,
 * and so get a descriptor that stands for the supervisor. So the call fails. With O_PATH the kernel itself gives none of a process
 * (fs/pidfs.c, pidfs_export_permission).
 */
function mayBeOfProcess({ call }: Context): Verdict {
  return (call.u32(2) & O_PATH) === 0 && areOfProcesses() ? EPERM : 0;
}

let hasProcesses: boolean | undefined;

/** Whether this kernel has handles of processes (since 6.14). */
function areOfProcesses(): boolean {
  return (hasProcesses ??= hasHandle()) ?? true;
}

/** Undefined if that cannot be told now. */
function hasHandle(): boolean | undefined {
  const pidfd = pidfdOpen(process.pid, 0);
  if (pidfd < 0) return undefined;
  const handle = Buffer.alloc(HEAD + MOST);
  handle.writeUInt32LE(MOST, 0);
  const result = rawCall(NAME_TO_HANDLE_AT, [pidfd, EMPTY, handle, Buffer.alloc(8), AT_EMPTY_PATH]);
  close(pidfd);
  return result >= 0;
}

const BY_HANDLE = Buffer.from("?by-handle");

/** An object that was not found by a name has a path by which it may be unreachable, or that names another object. */
function isAtItsPath({ finder, found2 }: Context, thread: Thread, { path, stat }: Found): boolean {
  try {
    const named = Buffer.concat([path, Buffer.of(0)]);
    if (finder.find(found2, thread, AT_FDCWD, named, path.length, false) < 0) return false;
    const there = found2.stat;
    return there.inode === stat.inode && there.device === stat.device;
  } finally {
    found2.close();
  }
}
