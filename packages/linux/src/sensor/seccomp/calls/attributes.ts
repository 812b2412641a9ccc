/**
 * Calls that change what a file says of itself: mode, owner, extended attributes, times.
 *
 * Whether the thread owns the file is asked by the filesystem after the security hooks, so it is not asked here either.
 */
import { escapeBytes } from "@isoline/core";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../../../abi/stat.ts";
import type { Context, Decoder } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { Found } from "../../files/found.ts";
import type { Thread } from "../tasks/process.ts";
import { isEmptyPath, withDescriptor, withObject } from "./names.ts";

/** Which object: by path, or by descriptor. */
interface Chosen {
  readonly directory: number;
  readonly argument: number | undefined;
  readonly flags: number;
}

type Describe = (object: ReturnType<Context["files"]["describe"]>) => Act;
const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?" };

function change(
  context: Context,
  thread: Thread,
  chosen: Chosen,
  describe: Describe,
  look: (found: Found) => Verdict = () => 0,
): Verdict {
  const unresolved = (path: string): Act => describe({ path, ...UNKNOWN });
  const use = (found: Found): Verdict => look(found) || context.decide(thread, describe(context.files.describe(found)));
  const named = { directory: chosen.directory, argument: chosen.argument ?? 0 };
  const byDescriptor =
    chosen.argument === undefined || ((chosen.flags & AT_EMPTY_PATH) !== 0 && isEmptyPath(context, thread, named));
  if (byDescriptor) return withDescriptor(context, thread, chosen.directory, unresolved, use);
  return withObject(context, thread, named, (chosen.flags & AT_SYMLINK_NOFOLLOW) === 0, unresolved, use);
}

const byPath = (argument: number, flags = 0): Chosen => ({ directory: AT_FDCWD, argument, flags });
const byDescriptor = (context: Context): Chosen => ({ directory: context.call.int(0), argument: undefined, flags: 0 });
const at = (context: Context, flags: number): Chosen => ({ directory: context.call.int(0), argument: 1, flags });

const chmodTo = (context: Context, argument: number): Describe => {
  const to = context.call.u32(argument) & 0o7777;
  return (object) => ({ op: "chmod", subject: { ...object, to } });
};
export const chmod: Decoder = (context, thread) => change(context, thread, byPath(0), chmodTo(context, 1));
export const fchmod: Decoder = (context, thread) => change(context, thread, byDescriptor(context), chmodTo(context, 1));
export const fchmodat: Decoder = (context, thread) => change(context, thread, at(context, 0), chmodTo(context, 2));
export const fchmodat2: Decoder = (context, thread) =>
  change(context, thread, at(context, context.call.u32(3)), chmodTo(context, 2));

const chownTo = (context: Context, argument: number): Describe => {
  const owner = context.call.u32(argument);
  const group = context.call.u32(argument + 1);
  return (object) => ({ op: "chown", subject: { ...object, owner, group } });
};
export const chown: Decoder = (context, thread) => change(context, thread, byPath(0), chownTo(context, 1));
export const lchown: Decoder = (context, thread) =>
  change(context, thread, byPath(0, AT_SYMLINK_NOFOLLOW), chownTo(context, 1));
export const fchown: Decoder = (context, thread) => change(context, thread, byDescriptor(context), chownTo(context, 1));
export const fchownat: Decoder = (context, thread) =>
  change(context, thread, at(context, context.call.u32(4)), chownTo(context, 2));

function attribute(
  op: "setxattr" | "removexattr",
  context: Context,
  thread: Thread,
  chosen: Chosen,
  nameArgument: number,
  value?: () => Value | undefined,
): Verdict {
  const length = context.readPath(thread, nameArgument, context.memory2);
  if (length === 0) return context.attempt();
  if (length < 0) return context.unreadable(thread, length);
  const name = escapeBytes(context.memory2.bytes.subarray(0, length));
  const describe: Describe = (object) => ({ op, subject: { ...object, name } });
  if (value === undefined || name !== IMA) return change(context, thread, chosen, describe);
  const written = () => readValue(context, thread, value());
  return change(context, thread, chosen, describe, (found) => context.inspectAttribute(thread, found, written));
}

/** Where a value is, and how many bytes it has. */
interface Value {
  readonly address: bigint;
  readonly size: bigint;
}

const IMA = "security.ima";
/** More than any digest or signature: of what is longer the beginning says which algorithm it is by. */
const MOST_VALUE = 8192;

function readValue({ memory }: Context, { tid }: Thread, value: Value | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  const length = value.size < MOST_VALUE ? Number(value.size) : MOST_VALUE;
  if (length > 0 && memory.exactly(tid, value.address, length) < 0) return undefined;
  return Buffer.from(memory.bytes.subarray(0, length));
}

const valueAt =
  ({ call }: Context, argument: number) =>
  (): Value => ({ address: call.pointer(argument), size: call.pointer(argument + 1) });

/** `struct xattr_args` (linux/xattr.h): u64 address, u32 size, u32 flags. */
const valueIn =
  ({ call, memory }: Context, { tid }: Thread, argument: number) =>
  (): Value | undefined => {
    if (memory.exactly(tid, call.pointer(argument), 16) < 0) return undefined;
    return { address: memory.bytes.readBigUInt64LE(0), size: BigInt(memory.bytes.readUInt32LE(8)) };
  };

export const setxattr: Decoder = (context, thread) =>
  attribute("setxattr", context, thread, byPath(0), 1, valueAt(context, 2));
export const lsetxattr: Decoder = (context, thread) =>
  attribute("setxattr", context, thread, byPath(0, AT_SYMLINK_NOFOLLOW), 1, valueAt(context, 2));
export const fsetxattr: Decoder = (context, thread) =>
  attribute("setxattr", context, thread, byDescriptor(context), 1, valueAt(context, 2));
export const setxattrat: Decoder = (context, thread) =>
  attribute("setxattr", context, thread, at(context, context.call.u32(2)), 3, valueIn(context, thread, 4));
export const removexattr: Decoder = (context, thread) => attribute("removexattr", context, thread, byPath(0), 1);
export const lremovexattr: Decoder = (context, thread) =>
  attribute("removexattr", context, thread, byPath(0, AT_SYMLINK_NOFOLLOW), 1);
export const fremovexattr: Decoder = (context, thread) =>
  attribute("removexattr", context, thread, byDescriptor(context), 1);
export const removexattrat: Decoder = (context, thread) =>
  attribute("removexattr", context, thread, at(context, context.call.u32(2)), 3);

const flagged: Describe = (object) => ({ op: "setflags", subject: object });
/** `file_setattr(dfd, path, attr, size, flags)`. */
export const fileSetattr: Decoder = (context, thread) =>
  change(context, thread, at(context, context.call.u32(4)), flagged);
/** FS_IOC_SETFLAGS and FS_IOC_FSSETXATTR, of an open file. */
export const setFlags: Decoder = (context, thread) => change(context, thread, byDescriptor(context), flagged);

const touched: Describe = (object) => ({ op: "utimens", subject: object });
export const utimes: Decoder = (context, thread) => change(context, thread, byPath(0), touched);
/** With a null path these are about the descriptor (futimens); the working directory is none. */
const timesAt = (context: Context, thread: Thread, flags: number): Verdict => {
  if (!context.call.isNull(1)) return change(context, thread, at(context, flags), touched);
  return context.call.int(0) === AT_FDCWD ? context.attempt() : change(context, thread, byDescriptor(context), touched);
};
export const futimesat: Decoder = (context, thread) => timesAt(context, thread, 0);
export const utimensat: Decoder = (context, thread) => timesAt(context, thread, context.call.u32(3));
