/**
 * A quote in the form in which an agent of Keylime sends it: `r`, then message, signature and register values in base64. The values are
 * in the file that `tpm2_quote -o` of tpm2-tools writes: structures of C as they lie in the memory of a little-endian machine.
 */

/** TPML_PCR_SELECTION: count 4, then 16 of algorithm 2, length 1, bits 3, and two bytes that fill up. */
const SELECTIONS = 16;
const SELECTION_BYTES = 8;
const SHA256 = 0x000b;
const BITMAP_BYTES = 3;
/** TPML_DIGEST: count 4, then 8 of length 2 and 64 bytes. */
const DIGESTS = 8;
const DIGEST_BYTES = 2 + 64;

/** @param {Uint8Array} message @param {Uint8Array} signature @param {Uint8Array} registers */
export const quoteText = (message, signature, registers) => `r${[message, signature, registers].map(base64).join(":")}`;

/** @param {readonly number[]} numbers ascending @param {readonly Uint8Array[]} values of the SHA-256 bank */
export function registerFile(numbers, values) {
  const selection = Buffer.alloc(4 + SELECTIONS * SELECTION_BYTES);
  selection.writeUInt32LE(1, 0);
  selection.writeUInt16LE(SHA256, 4);
  selection.writeUInt8(BITMAP_BYTES, 6);
  selection.writeUIntLE(
    numbers.reduce((bits, number) => bits | (1 << number), 0),
    7,
    BITMAP_BYTES,
  );
  const lists = [];
  for (let at = 0; at < values.length; at += DIGESTS) lists.push(listOf(values.slice(at, at + DIGESTS)));
  return Buffer.concat([selection, u32(lists.length), ...lists]);
}

/** @param {readonly Uint8Array[]} values */
function listOf(values) {
  const list = Buffer.alloc(4 + DIGESTS * DIGEST_BYTES);
  list.writeUInt32LE(values.length, 0);
  for (const [at, value] of values.entries()) {
    list.writeUInt16LE(value.length, 4 + at * DIGEST_BYTES);
    list.set(value, 4 + at * DIGEST_BYTES + 2);
  }
  return list;
}

const base64 = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("base64");
const u32 = (/** @type {number} */ value) => Buffer.from(Uint32Array.of(value).buffer);
