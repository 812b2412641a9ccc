/** The subset of DER (X.690) that keys and signatures need: tag, definite length in its shortest form, content. */

export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** The whole value with its tag and length. */
  readonly whole: Buffer;
}

/** Reads consecutive values in `bytes`; undefined unless they fill it exactly, in DER. */
export function readDer(bytes: Buffer): readonly DerValue[] | undefined {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = readOne(bytes, at);
    if (value === undefined) return undefined;
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** The values in a SEQUENCE that fills `bytes`. */
export function readSequence(bytes: Buffer): readonly DerValue[] | undefined {
  const outer = readDer(bytes);
  return outer?.length === 1 && outer[0]?.tag === 0x30 ? readDer(outer[0].content) : undefined;
}

function readOne(bytes: Buffer, start: number): DerValue | undefined {
  const tag = bytes[start];
  const first = bytes[start + 1];
  // Tags of more than one byte do not occur in these structures.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  let length = first;
  let at = start + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || at + count > bytes.length) return undefined;
    length = bytes.readUIntBE(at, count);
    at += count;
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) return undefined;
  }
  if (length > bytes.length - at) return undefined;
  return { tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) };
}

/** A non-negative INTEGER in its shortest form. */
export function readUnsigned({ tag, content }: DerValue): bigint | undefined {
  const [first, second] = content;
  if (tag !== 0x02 || first === undefined || first >= 0x80) return undefined;
  if (first === 0 && content.length > 1 && (second as number) < 0x80) return undefined;
  return BigInt(`0x${content.toString("hex")}`);
}
