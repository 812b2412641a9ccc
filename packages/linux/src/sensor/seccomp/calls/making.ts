/**
 * Calls that make something new under a name: mkdir, mknod, symlink.
 *
 * None of these is remembered by a raw key: each changes what later paths mean, and the lens has to hear of every one.
 */
import { readFileSync } from "node:fs";
import { escapeBytes, type Operation } from "@isoline/core";
import { EEXIST, EFAULT, ENAMETOOLONG, ENOENT, EPERM } from "../../../abi/errno.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { AT_FDCWD, S_IFBLK, S_IFCHR, S_IFDIR, S_IFMT, S_IFREG } from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { type Context, type Decoder, reasonFor } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { TaskMemory } from "../listener/memory.ts";
import type { Thread } from "../tasks/process.ts";
import { Spot } from "./spot.ts";

/** A path argument: the descriptor it starts from and which argument holds the pointer. */
export interface Named {
  readonly directory: number;
  readonly argument: number;
}

export const at = (directory: number, argument: number): Named => ({ directory, argument });
export const plain = (argument: number): Named => ({ directory: AT_FDCWD, argument });

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

/** Kinds that can be made (fs/namei.c, may_mknod): any other is EINVAL, a directory EPERM, before anything is looked at. */
function refusalOfKind(kind: number): number {
  return kind === S_IFDIR ? EPERM : 0;
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
  // A whiteout is no device to anybody but overlayfs.
  const isReal = isDevice && !(kind === S_IFCHR && device === 0);
  const lacksRight = isReal && (thread.credentials.capabilities & CAP_MKNOD) === 0n;
  return make(context, thread, named, act, {
    refusal: lacksRight ? EPERM : 0,
    // Which devices may be made, a control group says as well.
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
  /** Only a directory may be made under a name with a slash. */
  readonly isDirectory?: boolean;
  /** What the kernel will refuse it with wherever it is made. */
  readonly refusal?: number;
  /** It depends on more of the task than can be taken on. */
  readonly isTheirsAlone?: boolean;
}

/** Makes something new at a path: an existing name or a missing directory is the kernel's to refuse. */
function make<O extends Operation>(
  context: Context,
  thread: Thread,
  named: Named,
  act: (path: string) => Act<O>,
  making: Making,
): Verdict {
  return withSpot(context, thread, named, act as (path: string) => Act, (spot) => {
    const refusal = () => {
      if (!spot.isName || spot.isTaken()) return EEXIST;
      if (spot.hasSlash && !making.isDirectory) return ENOENT;
      return spot.refusal(context, thread) || (making.refusal ?? 0);
    };
    const call = spot.isReached && !making.isTheirsAlone ? () => making.call(spot) : undefined;
    return context.carryOut(thread, { act: act(spot.path) as Act, refusal, call, isCreation: true });
  });
}

/** Finds the directory and the name that a path leads to; everything that keeps it from being found is settled here. */
function withSpot(
  context: Context,
  thread: Thread,
  named: Named,
  unresolved: (path: string) => Act,
  use: (spot: Spot) => Verdict,
  memory: TaskMemory = context.memory2,
): Verdict {
  const length = context.readPath(thread, named.argument, memory);
  if (length < 0) return unread(context, thread, length, unresolved);
  const spot = new Spot();
  try {
    const result = spot.find(context, thread, named.directory, memory.bytes, length);
    return result < 0 ? context.notFound(thread, result, spot.isReached, unresolved) : use(spot);
  } finally {
    spot.close();
  }
}

export function unread(context: Context, thread: Thread, error: number, act: (path: string) => Act): Verdict {
  if (error === -EFAULT || error === -ENAMETOOLONG) return context.refuses(-error);
  return context.unseen(thread, `path not read (${reasonFor(-error)})`, act(`?${reasonFor(-error)}`));
}
