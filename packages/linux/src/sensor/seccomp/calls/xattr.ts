/**
 * Calls that set and remove extended attributes.
 */
import { escapeBytes } from "@isoline/core/event";
import { E2BIG, EINVAL, ENAMETOOLONG, ERANGE } from "../../../abi/errno.ts";
import { rawCall, type Word } from "../../../abi/raw-call.ts";
import { AT_SYMLINK_NOFOLLOW } from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import type { Context, Decoder } from "../context.ts";
import type { Verdict } from "../../mediation.ts";
import type { Thread } from "../tasks/process.ts";
import { byDescriptor, byPath, change, type Chosen, type Describe, strictlyAt } from "./attributes.ts";
import type { Held } from "./objects.ts";

/** A name from the task's memory: as text, and as NUL-terminated bytes. */
interface Name {
  readonly text: string;
  readonly bytes: Buffer;
}

const IMA = "security.ima";
/** Larger than any digest or signature; the beginning of a longer value says which algorithm it is. */
const MOST_INSPECTED = 8192;
/** XATTR_SIZE_MAX, XATTR_NAME_MAX (linux/limits.h); flags XATTR_CREATE and XATTR_REPLACE (linux/xattr.h). */
const MOST_VALUE = 65_536n;
const MOST_NAME = 255;
const FLAGS = 3;

/** The name that an argument points to, or the verdict on a call whose name is invalid. */
function readName(context: Context, thread: Thread, argument: number): Name | Verdict {
  const length = context.readPath(thread, argument, context.memory2);
  if (length === 0 || length > MOST_NAME || length === -ENAMETOOLONG) return context.refuses(ERANGE);
  if (length < 0) return context.unreadable(thread, length);
  const bytes = Buffer.from(context.memory2.bytes.subarray(0, length + 1));
  return { text: escapeBytes(bytes.subarray(0, length)), bytes };
}

/** The address and size of a value, and the flags. */
interface Value {
  readonly address: bigint;
  readonly size: bigint;
  readonly flags: number;
}

function set(context: Context, thread: Thread, chosen: Chosen, nameAt: number, value: Value): Verdict {
  if ((value.flags & ~FLAGS) !== 0) return context.refuses(EINVAL);
  const name = readName(context, thread, nameAt);
  if (typeof name === "number") return name;
  if (value.size > MOST_VALUE) return context.refuses(E2BIG);
  const copy = readValue(context, thread, value);
  if (typeof copy === "number") return context.unreadable(thread, copy);
  const describe: Describe = (object) => ({ op: "setxattr", subject: { ...object, name: name.text } });
  const make = (number: number, target: Word) =>
    rawCall(number, [target, name.bytes, copy.length > 0 ? copy : value.address, value.size, value.flags]);
  const making = {
    byPath: (path: Buffer) => make(syscallNumbers.setxattr, path),
    byDescriptor: (fd: number) => make(syscallNumbers.fsetxattr, fd),
  };
  if (name.text !== IMA) return change(context, thread, chosen, describe, making);
  const look = ({ found }: Held) => context.inspectAttribute(thread, found, () => copy.subarray(0, MOST_INSPECTED));
  return change(context, thread, chosen, describe, making, look);
}

/** All of a value, in parts of the size of one read; or a negative errno. */
function readValue({ memory2 }: Context, { tid }: Thread, { address, size }: Value): Buffer | number {
  const copy = Buffer.alloc(Number(size));
  for (let done = 0; done < copy.length; ) {
    const part = Math.min(copy.length - done, memory2.bytes.length);
    const error = memory2.exactly(tid, address + BigInt(done), part);
    if (error < 0) return error;
    memory2.bytes.copy(copy, done, 0, part);
    done += part;
  }
  return copy;
}

const valueAt = ({ call }: Context, argument: number): Value => ({
  address: call.pointer(argument),
  size: call.pointer(argument + 1),
  flags: call.u32(argument + 2),
});

export const setxattr: Decoder = (context, thread) => set(context, thread, byPath(0), 1, valueAt(context, 2));
export const lsetxattr: Decoder = (context, thread) =>
  set(context, thread, byPath(0, AT_SYMLINK_NOFOLLOW), 1, valueAt(context, 2));
export const fsetxattr: Decoder = (context, thread) =>
  set(context, thread, byDescriptor(context), 1, valueAt(context, 2));

/** sizeof(struct xattr_args): u64 address, u32 size, u32 flags (linux/xattr.h). Fields of a later version must be zero. */
const XATTR_ARGS = 16;
const MOST_ARGS = 4096n;

/** `setxattrat(dfd, path, at_flags, name, args, size)`. */
export const setxattrat: Decoder = (context, thread) => {
  const size = context.call.pointer(5);
  if (size < BigInt(XATTR_ARGS)) return context.refuses(EINVAL);
  if (size > MOST_ARGS) return context.refuses(E2BIG);
  const { memory2 } = context;
  const error = memory2.exactly(thread.tid, context.call.pointer(4), Number(size));
  if (error < 0) return context.unreadable(thread, error);
  if (memory2.bytes.subarray(XATTR_ARGS, Number(size)).some((byte) => byte !== 0)) return context.refuses(E2BIG);
  const { bytes } = memory2;
  const value = {
    address: bytes.readBigUInt64LE(0),
    size: BigInt(bytes.readUInt32LE(8)),
    flags: bytes.readUInt32LE(12),
  };
  return set(context, thread, strictlyAt(context, context.call.u32(2)), 3, value);
};

function remove(context: Context, thread: Thread, chosen: Chosen, nameAt: number): Verdict {
  const name = readName(context, thread, nameAt);
  if (typeof name === "number") return name;
  const describe: Describe = (object) => ({ op: "removexattr", subject: { ...object, name: name.text } });
  return change(context, thread, chosen, describe, {
    byPath: (path) => rawCall(syscallNumbers.removexattr, [path, name.bytes]),
    byDescriptor: (fd) => rawCall(syscallNumbers.fremovexattr, [fd, name.bytes]),
  });
}

export const removexattr: Decoder = (context, thread) => remove(context, thread, byPath(0), 1);
export const lremovexattr: Decoder = (context, thread) => remove(context, thread, byPath(0, AT_SYMLINK_NOFOLLOW), 1);
export const fremovexattr: Decoder = (context, thread) => remove(context, thread, byDescriptor(context), 1);
export const removexattrat: Decoder = (context, thread) =>
  remove(context, thread, strictlyAt(context, context.call.u32(2)), 3);
