/** Programs in the form PE32+, put together by hand: sections with what a test says of their sizes. */

export interface Part {
  readonly name: string;
  readonly content: Uint8Array;
  /** In memory; as long as the content if left out. */
  readonly size?: number;
}

/** Where the header stands, and how far from there the number of sections and the optional header. */
export const HEADER_AT = 64;
const OPTIONAL_BYTES = 240;
export const TABLE_AT = HEADER_AT + 24 + OPTIONAL_BYTES;
export const ROW_BYTES = 40;
const ALIGNMENT = 512;

/** Sections are padded in the file with what is not zero, so that a reader who measures padding is found. */
const padded = (bytes: Uint8Array) =>
  Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT, 0xaa)]);

export function programOf(parts: readonly Part[]): Buffer {
  const head = Buffer.alloc(Math.ceil((TABLE_AT + ROW_BYTES * parts.length) / ALIGNMENT) * ALIGNMENT);
  head.write("MZ");
  head.writeUInt32LE(HEADER_AT, 0x3c);
  head.write("PE\0\0", HEADER_AT, "latin1");
  head.writeUInt16LE(0x8664, HEADER_AT + 4);
  head.writeUInt16LE(parts.length, HEADER_AT + 6);
  head.writeUInt16LE(OPTIONAL_BYTES, HEADER_AT + 20);
  head.writeUInt16LE(0x20b, HEADER_AT + 24);
  head.writeUInt32LE(16, HEADER_AT + 24 + 108);
  const pieces: Buffer[] = [head];
  let from = head.length;
  for (const [index, { name, content, size = content.length }] of parts.entries()) {
    const stored = padded(content);
    const row = TABLE_AT + ROW_BYTES * index;
    head.write(name, row, "latin1");
    for (const [at, value] of [size, 0, stored.length, from].entries()) head.writeUInt32LE(value, row + 8 + 4 * at);
    pieces.push(stored);
    from += stored.length;
  }
  return Buffer.concat(pieces);
}
