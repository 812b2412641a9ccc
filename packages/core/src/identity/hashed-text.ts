/** Numbers and texts as the bytes that identities are made of (docs/spec/iso1.md). */

/** Four bytes, little endian. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The length in bytes as `u32`, then the UTF-8. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u32(bytes.length), bytes]);
}
