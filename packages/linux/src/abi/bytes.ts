/** Small byte strings for system calls. */

/** The empty path, for calls on a descriptor itself (AT_EMPTY_PATH). */
export const EMPTY: Buffer = Buffer.alloc(1);

/** Text as NUL-terminated bytes. */
export function terminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}

/** `struct open_how`: u64 flags, u64 mode, u64 resolve (linux/openat2.h). */
export function openHow(flags: number, mode: number, resolve: number): Buffer {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return how;
}
