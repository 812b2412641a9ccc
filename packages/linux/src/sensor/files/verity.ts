/**
 * fs-verity: a file that cannot be changed any more, and whose blocks the kernel verifies against one digest when they are read
 * (Documentation/filesystems/fsverity.rst).
 */
import { fstatfs, ioctl } from "../../abi/libc.ts";

/** `_IOWR('f', 134, struct fsverity_digest)` (linux/fsverity.h). */
const FS_IOC_MEASURE_VERITY = 0xc004_6686;
/** linux/fsverity.h, FS_VERITY_HASH_ALG_. */
const algorithms: Readonly<Record<number, string>> = { 1: "sha256", 2: "sha512" };
/** linux/magic.h: ext4, f2fs, btrfs. Other file systems may have it as well, but one in user space (FUSE) may return any digest. */
const enforcing: ReadonlySet<number> = new Set([0xef53, 0xf2f5_2010, 0x9123_683e]);

export interface VerityDigest {
  /** The kernel's number of the algorithm. */
  readonly algorithm: number;
  readonly digest: Buffer;
}

/** The digest of a file that was opened for reading, as its file system reports it. */
export function measureVerity(readable: number): VerityDigest | undefined {
  // struct fsverity_digest: u16 algorithm, u16 space and then size, digest.
  const argument = Buffer.alloc(4 + 64);
  argument.writeUInt16LE(64, 2);
  if (ioctl(readable, FS_IOC_MEASURE_VERITY, argument) < 0) return undefined;
  const size = argument.readUInt16LE(2);
  return { algorithm: argument.readUInt16LE(0), digest: argument.subarray(4, 4 + size) };
}

/** The same as `ALGORITHM:HEX`, if the kernel itself verifies the file. */
export function enforcedVerity(readable: number): string | undefined {
  const statfs = Buffer.alloc(120);
  if (fstatfs(readable, statfs) < 0 || !enforcing.has(statfs.readUInt32LE(0))) return undefined;
  const measured = measureVerity(readable);
  const name = algorithms[measured?.algorithm ?? 0];
  return measured && name ? `${name}:${measured.digest.toString("hex")}` : undefined;
}
