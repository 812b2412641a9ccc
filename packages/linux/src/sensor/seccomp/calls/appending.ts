/**
 * Calls by which a file that is open for appending loses content: O_APPEND is cleared on the descriptor, the file is truncated,
 * parts of it are removed or zeroed, or a write is made without appending.
 *
 * Opening for appending is a point of its own and permits nothing more. So each of these calls on such a descriptor is an act:
 * `truncate`, or an `open` for writing, which has the same effect. On any other descriptor it is not an act: that was opened
 * for writing. The supervisor checks a duplicate and makes the call on it, so that no other descriptor can take its place.
 *
 * copy_file_range, sendfile, splice and FICLONE need no decoder: they refuse a descriptor that appends.
 */
import { EMPTY } from "../../../abi/bytes.ts";
import { EBADF, EINVAL } from "../../../abi/errno.ts";
import { fcntl, ioctl, statx } from "../../../abi/libc.ts";
import { closeSoon } from "../../../process/moment.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { AT_EMPTY_PATH, O_ACCMODE, O_APPEND, O_RDONLY, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { Context, Decoder } from "../context.ts";
import { isDevice, isOrdinary, takesRequests } from "../perform/filesystems.ts";
import type { Thread } from "../tasks/process.ts";
import { duplicate } from "../surroundings/task-socket.ts";
import { askForSignals } from "./terminal-signals.ts";
import { exceedsLimit } from "./truncation.ts";

const F_GETFL = 3;
const F_SETFL = 4;
const O_ASYNC = 0o20000;
/** `struct space_resv` (linux/falloc.h). */
const SPACE_BYTES = 48;
/** linux/falloc.h */
/** FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE */
const KEEPS_END = 1 | 2 | 8;
const FALLOC_FL_INSERT_RANGE = 0x20;
const LARGEST = 2n ** 63n;
const stat = new Stat();

interface Change {
  /** The act that the call is, on a descriptor that appends. */
  readonly act: (described: ReturnType<Context["files"]["describe"]>) => Act;
  /** Makes the call on the supervisor's duplicate; undefined if only the task can make it. */
  readonly call: ((own: number) => number) | undefined;
  /** Whether the call depends on more of the task than the supervisor can take on. */
  readonly isTheirsAlone: (own: number) => boolean;
}

const opened: Change["act"] = (described) => ({ op: "open", subject: { access: "write", ...described } });
const truncated: Change["act"] = (described) => ({ op: "truncate", subject: described });

/** `fcntl(fd, F_SETFL, flags)`. With O_APPEND among the flags nothing is cleared. */
export const setStatusFlags: Decoder = (context, thread) => {
  const flags = context.call.u32(2);
  const isAsynchronous = (flags & O_ASYNC) !== 0;
  const refused = isAsynchronous ? askForSignals(context, thread) : 0;
  if (refused !== 0) return refused;
  if ((flags & O_APPEND) !== 0) return isAsynchronous ? context.racy() : 0;
  return change(context, thread, {
    act: opened,
    // Of any kind of file: without O_ASYNC the kernel asks neither a driver nor a process (fs/fcntl.c, setfl).
    call: (own) => fcntl(own, F_SETFL, flags),
    // Whose signals these are the kernel learns from its caller (__tty_fasync), also where another thread has just cleared the flag.
    isTheirsAlone: (own) => isAsynchronous || (fcntl(own, F_GETFL, 0) & O_ASYNC) !== 0,
  });
};

export const ftruncate: Decoder = (context, thread) => {
  const length = BigInt.asIntN(64, context.call.pointer(1));
  if (length < 0n) return context.refuses(EINVAL);
  return change(context, thread, {
    act: truncated,
    // A device is refused before its driver is asked (fs/open.c, do_ftruncate).
    call: (own) => rawCall(syscallNumbers.ftruncate, [own, length]),
    isTheirsAlone: (own) => !isOrdinary(own) || isBeyondLimit(thread, length),
  });
};

/** `fallocate(fd, mode, offset, length)` with a mode that does more than allocate space. */
export const fallocate: Decoder = (context, thread) => {
  const { call } = context;
  const words = [call.u32(1), call.pointer(2), call.pointer(3)] as const;
  return change(context, thread, {
    act: opened,
    call: (own) => rawCall(syscallNumbers.fallocate, [own, ...words]),
    isTheirsAlone: (own) => !isOrdinary(own) || isDevice(own) || isBeyondLimit(thread, endAfter(own, ...words)),
  });
};

/** A mode that inserts moves the end of the file; the modes that only remove leave it, or move it back (linux/falloc.h). */
function endAfter(own: number, mode: number, offset: bigint, length: bigint): bigint {
  if ((mode & KEEPS_END) !== 0) return 0n;
  const isInserting = (mode & FALLOC_FL_INSERT_RANGE) !== 0;
  const from = isInserting ? sizeOf(own) : BigInt.asIntN(64, offset);
  return from + BigInt.asIntN(64, length);
}

/** More than any size if it is not known. */
function sizeOf(own: number): bigint {
  return statx(own, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) < 0 ? LARGEST : BigInt(stat.size);
}

/** The task makes a call beyond its own limit for files, and so gets the signal; beyond the supervisor's, the supervisor would. */
function isBeyondLimit({ tid }: Thread, length: bigint): boolean {
  return exceedsLimit(tid, length) || exceedsLimit(process.pid, length);
}

/** The same by `ioctl`, in its older form, which never lengthens the file (fs/ioctl.c, ioctl_preallocate: FALLOC_FL_KEEP_SIZE). */
export const releaseSpace: Decoder = (context, thread) => {
  const request = context.call.u32(1);
  const error = context.memory.exactly(thread.tid, context.call.pointer(2), SPACE_BYTES);
  if (error < 0) return context.unreadable(thread, error);
  const space = Buffer.from(context.memory.bytes.subarray(0, SPACE_BYTES));
  return change(context, thread, {
    act: opened,
    call: (own) => ioctl(own, request, space),
    isTheirsAlone: (own) => !takesRequests(own),
  });
};

/** `pwritev2` with RWF_NOAPPEND: the data lies in the task's memory, so only the task can write it. Requests of single file systems. */
export const rewrite: Decoder = (context, thread) =>
  change(context, thread, { act: opened, call: undefined, isTheirsAlone: () => true });

/** The same by `ioctl`, for requests after which the file ends earlier. */
export const emptyByRequest: Decoder = (context, thread) =>
  change(context, thread, { act: truncated, call: undefined, isTheirsAlone: () => true });

function change(context: Context, thread: Thread, what: Change): Verdict {
  const fd = context.call.int(0);
  const own = duplicate(thread, fd);
  if (own === -EBADF) return context.refuses(EBADF);
  const flags = own < 0 ? flagsOf(thread, fd) : fcntl(own, F_GETFL, 0);
  const { found, finder } = context;
  try {
    const isGuarded = flags === undefined || ((flags & O_APPEND) !== 0 && (flags & O_ACCMODE) !== O_RDONLY);
    if (!isGuarded && own >= 0) return goAhead(context, thread, what, own);
    const result = own < 0 ? finder.findDescriptor(found, thread, fd) : finder.findOwn(found, thread, own);
    if (result < 0)
      return context.unresolved(thread, result, (path) => what.act({ path, mode: 0, uid: 0, gid: 0, fs: "?" }));
    const verdict =
      isGuarded && found.stat.isRegular ? context.decide(thread, what.act(context.files.describe(found))) : 0;
    return verdict || goAhead(context, thread, what, own);
  } finally {
    found.close();
    if (own >= 0) closeSoon(own);
  }
}

function goAhead(context: Context, thread: Thread, { call, isTheirsAlone }: Change, own: number): Verdict {
  if (own < 0 || call === undefined || isTheirsAlone(own)) return context.racy();
  return context.makes(thread, () => call(own));
}

/** For a descriptor that cannot be duplicated (Yama requires that the task descends from the supervisor); undefined if it is unknown. */
function flagsOf({ tid }: Thread, fd: number): number | undefined {
  const [, octal] = /^flags:\s+([0-7]+)$/m.exec(readProcFile(`/proc/${tid}/fdinfo/${fd}`) ?? "") ?? [];
  return octal === undefined ? undefined : Number.parseInt(octal, 8);
}
