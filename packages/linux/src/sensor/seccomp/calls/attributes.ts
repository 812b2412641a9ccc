/**
 * Calls that change attributes of a file: mode, owner, flags, times. Extended attributes are in `xattr.ts`.
 *
 * The file system checks that the thread owns the file only after the security hooks, so such a call is an event even if it
 * fails that check: it is decided first in every mode, and then made on the object that was decided about.
 */
import { EBADF, EFAULT, EINVAL } from "../../../abi/errno.ts";
import { EMPTY } from "../../../abi/bytes.ts";
import { rawCall, type Word } from "../../../abi/raw-call.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import type { Context, Decoder } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { takesRequests } from "../perform/filesystems.ts";
import type { Thread } from "../tasks/process.ts";
import { flagArgument } from "./flag-arguments.ts";
import { type Held, isPathOnly, withHeld, withHeldDescriptor } from "./objects.ts";

/** The object: by path, by descriptor, or by descriptor if the path is empty. */
export interface Chosen {
  readonly directory: number;
  readonly argument: number | undefined;
  readonly flags: number;
  /** A null pointer counts as the empty path, too, and a descriptor must be one of an open file (since 6.13). */
  readonly isStrict?: boolean;
}

export type Describe = (object: ReturnType<Context["files"]["describe"]>) => Act;

/** How a change is made on an object that is held: by its path, or by the descriptor that the task named. */
export interface Change {
  readonly byPath: (path: Buffer) => number;
  readonly byDescriptor: (fd: number) => number;
  /** Whether the call must not be made in the task's place on such an object. */
  readonly isTheirsAlone?: (fd: number) => boolean;
}

const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?" };

/** Reports a change of the object and makes it. `look` may refuse it beforehand. */
export function change(
  context: Context,
  thread: Thread,
  chosen: Chosen,
  describe: Describe,
  making: Change,
  look: (held: Held) => Verdict = () => 0,
): Verdict {
  if ((chosen.flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return context.refuses(EINVAL);
  // The working directory is not a descriptor of a file.
  if (chosen.argument === undefined && chosen.directory === AT_FDCWD) return context.refuses(EBADF);
  const unresolved = (path: string): Act => describe({ path, ...UNKNOWN });
  const isEmpty = isAboutDescriptor(context, thread, chosen);
  const needsOpen = chosen.argument === undefined || (isEmpty && chosen.isStrict === true);
  const use = (held: Held): Verdict => {
    const { found, fd, path, isReached } = held;
    if (needsOpen && fd >= 0 && isPathOnly(fd)) return context.refuses(EBADF);
    const refused = look(held);
    if (refused !== 0) return refused;
    const call = () => (needsOpen && fd >= 0 ? making.byDescriptor(fd) : making.byPath(path));
    return context.carryOut(thread, {
      act: describe(context.files.describe(found)),
      refusal: () => 0,
      call: isReached && making.isTheirsAlone?.(found.fd) !== true ? call : undefined,
      isAskedFirst: true,
    });
  };
  if (isEmpty) return withHeldDescriptor(context, thread, chosen.directory, unresolved, use);
  const named = { directory: chosen.directory, argument: chosen.argument ?? 0 };
  return withHeld(context, thread, named, (chosen.flags & AT_SYMLINK_NOFOLLOW) === 0, unresolved, use);
}

function isAboutDescriptor(context: Context, thread: Thread, { argument, flags, isStrict }: Chosen): boolean {
  if (argument === undefined) return true;
  if ((flags & AT_EMPTY_PATH) === 0) return false;
  return context.call.isNull(argument) ? isStrict === true : context.readPath(thread, argument) === 0;
}

export const byPath = (argument: number, flags = 0): Chosen => ({ directory: AT_FDCWD, argument, flags });
export const byDescriptor = ({ call }: Context): Chosen => ({ directory: call.int(0), argument: undefined, flags: 0 });
const at = ({ call }: Context, flags: number): Chosen => ({ directory: call.int(0), argument: 1, flags });
export const strictlyAt = (context: Context, flags: number): Chosen => ({ ...at(context, flags), isStrict: true });

const chmodTo = (context: Context, thread: Thread, chosen: Chosen, argument: number): Verdict => {
  const mode = context.call.u32(argument);
  const describe: Describe = (object) => ({ op: "chmod", subject: { ...object, to: mode & 0o7777 } });
  return change(context, thread, chosen, describe, {
    byPath: (path) => rawCall(syscallNumbers.chmod, [path, mode]),
    byDescriptor: (fd) => rawCall(syscallNumbers.fchmod, [fd, mode]),
  });
};
export const chmod: Decoder = (context, thread) => chmodTo(context, thread, byPath(0), 1);
export const fchmod: Decoder = (context, thread) => chmodTo(context, thread, byDescriptor(context), 1);
export const fchmodat: Decoder = (context, thread) => chmodTo(context, thread, at(context, 0), 2);
export const fchmodat2: Decoder = (context, thread) => chmodTo(context, thread, at(context, context.call.u32(3)), 2);

const chownTo = (context: Context, thread: Thread, chosen: Chosen, argument: number): Verdict => {
  const owner = context.call.u32(argument);
  const group = context.call.u32(argument + 1);
  const describe: Describe = (object) => ({ op: "chown", subject: { ...object, owner, group } });
  return change(context, thread, chosen, describe, {
    byPath: (path) => rawCall(syscallNumbers.chown, [path, owner, group]),
    byDescriptor: (fd) => rawCall(syscallNumbers.fchown, [fd, owner, group]),
  });
};
export const chown: Decoder = (context, thread) => chownTo(context, thread, byPath(0), 1);
export const lchown: Decoder = (context, thread) => chownTo(context, thread, byPath(0, AT_SYMLINK_NOFOLLOW), 1);
export const fchown: Decoder = (context, thread) => chownTo(context, thread, byDescriptor(context), 1);
export const fchownat: Decoder = (context, thread) => chownTo(context, thread, at(context, context.call.u32(4)), 2);

const flagged: Describe = (object) => ({ op: "setflags", subject: object });
/** PAGE_SIZE: the kernel refuses a larger struct before it reads it. */
const MOST_ATTRIBUTES = 4096n;

/** `file_setattr(dfd, path, attr, size, flags)`. */
export const fileSetattr: Decoder = (context, thread) => {
  const size = context.call.pointer(3);
  const length = size < MOST_ATTRIBUTES ? Number(size) : Number(MOST_ATTRIBUTES);
  const error = context.memory2.exactly(thread.tid, context.call.pointer(2), length);
  if (error < 0) return context.unreadable(thread, error);
  const attributes = Buffer.from(context.memory2.bytes.subarray(0, length));
  const make = (fd: number, path: Buffer, flags: number) =>
    rawCall(syscallNumbers.file_setattr, [fd, path, attributes, size, flags]);
  return change(context, thread, strictlyAt(context, context.call.u32(4)), flagged, {
    byPath: (path) => make(AT_FDCWD, path, 0),
    byDescriptor: (fd) => make(fd, EMPTY, AT_EMPTY_PATH),
  });
};

/**
 * FS_IOC_SETFLAGS and its kind, of an open file. An argument that cannot be read may never be read by the file system.
 */
export const setFlags: Decoder = (context, thread) => {
  const request = context.call.u32(1);
  const argument = flagArgument(context.memory2, thread.tid, request, context.call.pointer(2));
  if (typeof argument === "number") return context.unreadable(thread, argument);
  // The kernel takes three words: those behind are there to be kept until the call is made.
  const byDuplicate = (fd: number) => rawCall(syscallNumbers.ioctl, [fd, request, argument.word, ...argument.keep]);
  return change(context, thread, byDescriptor(context), flagged, {
    byPath: () => -EBADF,
    byDescriptor: byDuplicate,
    isTheirsAlone: (fd) => !takesRequests(fd),
  });
};

const touched: Describe = (object) => ({ op: "utimens", subject: object });
const BILLION = 1_000_000_000n;
const MILLION = 1_000_000n;

/** Times are `struct timespec[2]`, 32 bytes, or null for now. */
function touch(context: Context, thread: Thread, chosen: Chosen, times: Buffer | 0): Verdict {
  const make = (fd: number, path: Word, flags: number) => rawCall(syscallNumbers.utimensat, [fd, path, times, flags]);
  return change(context, thread, chosen, touched, {
    byPath: (path) => make(AT_FDCWD, path, 0),
    byDescriptor: (fd) => make(fd, 0, 0),
  });
}

/** `utime(path, struct utimbuf { long access; long modification })`: whole seconds. */
export const utime: Decoder = (context, thread) =>
  withTimes(context, thread, 1, 16, (given) => {
    const times = Buffer.alloc(32);
    if (given) for (const at of [0, 8]) given.copy(times, 2 * at, at, at + 8);
    return touch(context, thread, byPath(0), given ? times : 0);
  });

/** `utimes(path, struct timeval[2])` and `futimesat`, with microseconds, which are checked before the path. */
const timevals = (context: Context, thread: Thread, argument: number, chosen: Chosen): Verdict =>
  withTimes(context, thread, argument, 32, (given) => {
    if (!given) return touch(context, thread, chosen, 0);
    const parts = [8, 24].map((at) => given.readBigInt64LE(at));
    if (parts.some((part) => part < 0n || part >= MILLION)) return context.refuses(EINVAL);
    [8, 24].forEach((at, index) => given.writeBigInt64LE((parts[index] as bigint) * (BILLION / MILLION), at));
    return touch(context, thread, chosen, given);
  });
export const utimes: Decoder = (context, thread) => timevals(context, thread, 1, byPath(0));
/** With a null path these act on the descriptor (futimens); the working directory is not one. */
export const futimesat: Decoder = (context, thread) => timevals(context, thread, 2, aboutTimes(context, 0));

export const utimensat: Decoder = (context, thread) => {
  const flags = context.call.u32(3);
  const chosen = aboutTimes(context, flags);
  if (chosen.argument === undefined && flags !== 0) return context.refuses(EINVAL);
  return withTimes(context, thread, 2, 32, (given) => touch(context, thread, chosen, given ?? 0));
};

function aboutTimes(context: Context, flags: number): Chosen {
  const isDescriptor = context.call.isNull(1) && context.call.int(0) !== AT_FDCWD;
  return isDescriptor ? byDescriptor(context) : at(context, flags);
}

/** Copies times from the task's memory; undefined for a null pointer. */
function withTimes(
  context: Context,
  thread: Thread,
  argument: number,
  bytes: number,
  use: (given: Buffer | undefined) => Verdict,
): Verdict {
  if (context.call.isNull(argument)) return use(undefined);
  const error = context.memory2.exactly(thread.tid, context.call.pointer(argument), bytes);
  if (error === -EFAULT) return context.refuses(EFAULT);
  if (error < 0) return context.unreadable(thread, error);
  return use(Buffer.from(context.memory2.bytes.subarray(0, bytes)));
}
