/**
 * Calls that create a name: mkdir, mknod, symlink, link.
 *
 * Their verdicts are not stored by raw key: each call changes the meaning of later paths, and the lens has to get every one.
 */
import { readFileSync } from "node:fs";
import { escapeBytes, type Operation } from "@isoline/core/event";
import { EEXIST, EINVAL, ENOENT, EPERM, EXDEV } from "../../../abi/errno.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import type { Context, Decoder } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { Thread } from "../tasks/process.ts";
import { at, type Held, type Named, plain, withHeld, withHeldDescriptor } from "./objects.ts";
import { type Spot, withSpot } from "./spot.ts";

const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?" };
const CAP_MKNOD = 1n << 27n;

export const mkdir: Decoder = (context, thread) => makeDirectory(context, thread, plain(0), context.call.u32(1));
export const mkdirat: Decoder = (context, thread) =>
  makeDirectory(context, thread, at(context.call.int(0), 1), context.call.u32(2));

function makeDirectory(context: Context, thread: Thread, named: Named, mode: number): Verdict {
  const act = (path: string): Act<"mkdir"> => ({
    op: "mkdir",
    subject: { path, mode: mode & 0o7700 },
    observation: { exclusive: true, requestedMode: mode & 0o7777 },
  });
  return make(context, thread, named, act, {
    isDirectory: true,
    call: ({ directory, name }) => rawCall(syscallNumbers.mkdirat, [directory.fd, name, mode]),
  });
}

export const mknod: Decoder = (context, thread) =>
  makeNode(context, thread, plain(0), context.call.u32(1), context.call.u32(2));
export const mknodat: Decoder = (context, thread) =>
  makeNode(context, thread, at(context.call.int(0), 1), context.call.u32(2), context.call.u32(3));

const KINDS = [S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK];

/** File types that cannot be created this way (fs/namei.c, may_mknod). */
function refusalOfKind(kind: number): number {
  if (KINDS.includes(kind)) return 0;
  return kind === S_IFDIR ? EPERM : EINVAL;
}

function makeNode(context: Context, thread: Thread, named: Named, mode: number, device: number): Verdict {
  const kind = mode & S_IFMT || S_IFREG;
  if (refusalOfKind(kind) !== 0) return context.refuses(refusalOfKind(kind));
  const isDevice = kind === S_IFCHR || kind === S_IFBLK;
  // dev_t as user space passes it: 12 bits of major, 20 of minor, interleaved (linux/kdev_t.h, new_decode_dev).
  const number = isDevice ? `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}` : "none";
  const act = (path: string): Act<"mknod"> => ({
    op: "mknod",
    subject: { path, mode: kind | (mode & 0o7700), device: number },
    observation: { exclusive: true, requestedMode: mode & 0o7777 },
  });
  // A whiteout is a device only to overlayfs.
  const isReal = isDevice && !(kind === S_IFCHR && device === 0);
  const lacksRight = isReal && (thread.credentials.capabilities & CAP_MKNOD) === 0n;
  return make(context, thread, named, act, {
    refusal: lacksRight ? EPERM : 0,
    // A control group also decides which devices may be created.
    isTheirsAlone: isReal && controlGroupsOf(thread.tid) !== controlGroupsOf(process.pid),
    call: ({ directory, name }) => rawCall(syscallNumbers.mknodat, [directory.fd, name, mode, device]),
  });
}

function controlGroupsOf(tid: number): string {
  try {
    return readFileSync(`/proc/${tid}/cgroup`, "latin1");
  } catch {
    return "";
  }
}

export const symlink: Decoder = (context, thread) => makeSymlink(context, thread, plain(1));
export const symlinkat: Decoder = (context, thread) => makeSymlink(context, thread, at(context.call.int(1), 2));

function makeSymlink(context: Context, thread: Thread, named: Named): Verdict {
  const length = context.readPath(thread, 0);
  if (length === 0) return context.refuses(ENOENT);
  if (length < 0) return context.unreadable(thread, length);
  const target = Buffer.from(context.memory.bytes.subarray(0, length + 1));
  const content = escapeBytes(target.subarray(0, length));
  return make(context, thread, named, (path) => ({ op: "symlink", subject: { path, content } }), {
    call: ({ directory, name }) => rawCall(syscallNumbers.symlinkat, [target, directory.fd, name]),
  });
}

interface Making {
  readonly call: (spot: Spot) => number;
  /** Only a directory may be created under a name with a slash. */
  readonly isDirectory?: boolean;
  /** The errno with which the kernel refuses it wherever it is created. */
  readonly refusal?: number;
  /** It depends on more of the task than the supervisor can take on. */
  readonly isTheirsAlone?: boolean;
}

/** Creates a file at a path. If the name exists or the directory does not, the kernel refuses. */
function make<O extends Operation>(
  context: Context,
  thread: Thread,
  named: Named,
  act: (path: string) => Act<O>,
  making: Making,
): Verdict {
  return withSpot(context, thread, named, context.memory2, act as (path: string) => Act, (spot) => {
    const refusal = () =>
      refusalOfName(context, spot, making.isDirectory === true) ||
      spot.refusal(context, thread) ||
      (making.refusal ?? 0);
    const call = spot.isReached && !making.isTheirsAlone ? () => making.call(spot) : undefined;
    return context.carryOut(thread, { act: act(spot.path) as Act, refusal, call, isCreation: true });
  });
}

const CAP_DAC_READ_SEARCH = 1n << 2n;

export const link: Decoder = (context, thread) => hardLink(context, thread, plain(0), plain(1), 0);
export const linkat: Decoder = (context, thread) =>
  hardLink(context, thread, at(context.call.int(0), 1), at(context.call.int(2), 3), context.call.u32(4));

function hardLink(context: Context, thread: Thread, from: Named, to: Named, flags: number): Verdict {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return context.refuses(EINVAL);
  const unresolved = (path: string): Act => ({ op: "link", subject: { path, ...UNKNOWN, to: path } });
  const isAboutDescriptor = (flags & AT_EMPTY_PATH) !== 0 && context.readPath(thread, from.argument) === 0;
  if (!isAboutDescriptor) {
    const follow = (flags & AT_SYMLINK_FOLLOW) !== 0;
    return withHeld(context, thread, from, follow, unresolved, (held) => linkHeld(context, thread, held, to));
  }
  // Without this capability the result depends on the opener of the file since Linux 6.10 (fs/namei.c, do_linkat), so only the task could
  // make the call; and by then the empty path could be that of any file. It is answered as by an earlier kernel.
  const isRightful = (thread.credentials.capabilities & CAP_DAC_READ_SEARCH) !== 0n;
  return withHeldDescriptor(context, thread, from.directory, unresolved, (held) =>
    isRightful ? linkHeld(context, thread, held, to) : context.refuses(ENOENT),
  );
}

function linkHeld(context: Context, thread: Thread, held: Held, to: Named): Verdict {
  const { found } = held;
  const described = context.files.describe(found);
  const act = (path: string): Act<"link"> => ({ op: "link", subject: { ...described, to: path } });
  return withSpot(context, thread, to, context.memory2, act, (spot) => {
    const isElsewhere = spot.directory.stat.mountId !== found.stat.mountId;
    const refusal = () =>
      refusalOfName(context, spot, false) ||
      (isElsewhere ? EXDEV : spot.refusal(context, thread)) ||
      (found.stat.isDirectory ? EPERM : 0);
    const target = [spot.directory.fd, spot.name, AT_SYMLINK_FOLLOW];
    const call = () => rawCall(syscallNumbers.linkat, [AT_FDCWD, held.path, ...target]);
    const isOurs = spot.isReached && held.isReached;
    return context.carryOut(thread, { act: act(spot.path), refusal, call: isOurs ? call : undefined });
  });
}

/** The errno that refuses a new name: it is not a name, it exists, or only a directory could have its slash. */
function refusalOfName(context: Context, spot: Spot, isDirectory: boolean): number {
  const found = spot.isName ? spot.lookUp() : 0;
  if (found !== -ENOENT) return found === 0 ? EEXIST : -found;
  // Nothing can be created there, and the lookup already says so.
  if (context.files.classOf(spot.directory) === "proc") return ENOENT;
  return spot.hasSlash && !isDirectory ? ENOENT : 0;
}
