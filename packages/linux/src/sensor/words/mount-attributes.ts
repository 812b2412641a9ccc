/** `struct mount_attr` as options of a mount, in the words of both sensors. */
import type { Naming } from "./mount-options.ts";

const MOUNT_ATTR_IDMAP = 0x10_0000n;
/** Its first version. */
export const MOUNT_ATTR_BYTES = 32;

/** Attributes to set and to clear, propagation, user namespace; fields of newer kernels are kept as bytes. */
export function attributesIn(given: Buffer, naming: Naming): string[] {
  const words = Buffer.alloc(Math.max(given.length, MOUNT_ATTR_BYTES));
  given.copy(words);
  const word = (index: number) => words.readBigUInt64LE(8 * index);
  const options = (["set", "clear", "propagation"] as const).flatMap((name, index) =>
    word(index) === 0n ? [] : [`${name}=0x${word(index).toString(16)}`],
  );
  if (((word(0) | word(1)) & MOUNT_ATTR_IDMAP) !== 0n)
    options.push(`userns=${naming.descriptor(words.readInt32LE(24))}`);
  const more = words.subarray(MOUNT_ATTR_BYTES, given.length);
  return more.every((byte) => byte === 0) ? options : [...options, `more=${more.toString("hex").slice(0, 128)}`];
}
