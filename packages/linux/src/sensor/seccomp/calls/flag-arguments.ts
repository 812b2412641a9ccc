/**
 * The arguments of requests that set flags of a file.
 *
 * The supervisor makes these requests with its own copies. It must have a copy of every byte that the kernel may read, behind
 * pointers too. What lies behind a copy is the supervisor's own memory, and the task could read it afterwards, as a property of
 * the file.
 */
import { EFAULT } from "../../../abi/errno.ts";
import { addressOf } from "../../../abi/libc.ts";
import type { TaskMemory } from "../listener/memory.ts";

/** linux/fscrypt.h, fsverity.h */
const FS_IOC_SET_ENCRYPTION_POLICY = 0x800c_6613;
const FS_IOC_ENABLE_VERITY = 0x4080_6685;
/** The number of a request has a size in these bits (asm-generic/ioctl.h), which a kernel may read whatever else it knows. */
const SIZE_BITS = 16;
const SIZE_MASK = 0x3fff;
/** FS_IOC_SETFLAGS and FS_IOC_SETVERSION say `long`, and file systems read an `int`. */
const INT = 4;
/** linux/btrfs.h: a `u64`. */
const BTRFS_IOC_SUBVOL_SETFLAGS = 0x4008_941a;
/** fscrypt_policy_v1 and v2, by their first byte: the request's number has the size of the first, for both. */
const POLICIES: ReadonlyMap<number, number> = new Map([
  [0, 12],
  [2, 24],
]);
const LARGEST_POLICY = 24;
/** Pointers of `struct fsverity_enable_arg`, where their lengths are, and the most that the kernel takes (fs/verity/enable.c). */
const SALT = { length: 12, pointer: 16, most: 32 };
const SIGNATURE = { length: 24, pointer: 32, most: 16_128 };
/** Nothing is mapped there (vm.mmap_min_addr). */
const UNMAPPED = 8;
const PART = 4096;

/** What the request is made with, and what it points to: `keep` must live until the request was made. */
interface FlagArgument {
  readonly word: Buffer | number;
  readonly keep: readonly Buffer[];
}

/**
 * A copy of the argument of a request at `address` of a task, with zeroes where nothing can be read and nothing need be. If the
 * kernel could not read it either, it is an address where nothing is mapped. A negative errno, if the task cannot be looked into.
 */
export function flagArgument(memory: TaskMemory, tid: number, request: number, address: bigint): FlagArgument | number {
  const said = (request >>> SIZE_BITS) & SIZE_MASK;
  const size = request === FS_IOC_SET_ENCRYPTION_POLICY ? LARGEST_POLICY : said;
  const got = memory.read(tid, address, size);
  if (got < 0 && got !== -EFAULT) return got;
  const bytes = Buffer.alloc(size);
  if (got > 0) memory.bytes.copy(bytes, 0, 0, got);
  if (got < leastOf(request, size, bytes)) return { word: UNMAPPED, keep: [] };
  if (request !== FS_IOC_ENABLE_VERITY) return { word: bytes, keep: [] };
  const keep = [SALT, SIGNATURE].map(({ length, pointer, most }) => {
    const copy = behind(memory, tid, bytes.readBigUInt64LE(pointer), bytes.readUInt32LE(length), most);
    bytes.writeBigUInt64LE(copy.length > 0 ? addressOf(copy) : BigInt(UNMAPPED), pointer);
    return copy;
  });
  return { word: bytes, keep: keep.filter((copy) => copy.length > 0) };
}

/** How much of it every kernel reads. */
function leastOf(request: number, size: number, bytes: Buffer): number {
  if (request === FS_IOC_SET_ENCRYPTION_POLICY) return POLICIES.get(bytes.readUInt8(0)) ?? 1;
  return size === 2 * INT && request !== BTRFS_IOC_SUBVOL_SETFLAGS ? INT : size;
}

/** A copy of what a pointer leads to; empty if it cannot be read, or is longer than the kernel takes and reads. */
function behind(memory: TaskMemory, tid: number, address: bigint, length: number, most: number): Buffer {
  if (length > most) return Buffer.alloc(0);
  const copy = Buffer.alloc(length);
  for (let done = 0; done < length; done += PART) {
    const part = Math.min(PART, length - done);
    if (memory.exactly(tid, address + BigInt(done), part) < 0) return Buffer.alloc(0);
    memory.bytes.copy(copy, done, 0, part);
  }
  return copy;
}
