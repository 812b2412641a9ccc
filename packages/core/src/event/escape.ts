/**
 * Bytes that came from a file name, as text that is safe on one line and can be turned back into the same bytes.
 *
 * Valid UTF-8 stays as it is, except: control characters, space, backslash, DEL and U+0085, U+2028, U+2029 become
 * `\xHH` per byte, and so does every byte that is not part of valid UTF-8. A backslash never stands for itself, so the
 * mapping is injective. Bidirectional overrides are escaped too: a reviewer must see what the kernel sees.
 */
// ignoreBOM keeps a byte order mark; otherwise a name that begins with one would be shown like the name without it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const PLAIN = /^[!-[\]-~]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const UNSAFE =
  /[\u0000-\u0020\\\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

const hexByte = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`;
const escapeAll = (bytes: Uint8Array) => Array.from(bytes, hexByte).join("");

/** Escapes bytes (a kernel path, a name) as one-line text. */
export function escapeBytes(bytes: Uint8Array): string {
  const ascii = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (PLAIN.test(ascii)) return ascii;
  try {
    return escapeText(decoder.decode(bytes));
  } catch {
    return escapeInvalid(bytes);
  }
}

/** Escapes text whose bytes are its UTF-8. */
export function escapeText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, (character) => escapeAll(encoder.encode(character)));
}

/** Turns escaped text back into the bytes it stands for. */
export function unescapeToBytes(text: string): Buffer {
  if (!text.includes("\\")) return Buffer.from(text, "utf8");
  const parts = text.split(/((?:\\x[0-9a-f]{2})+)/);
  return Buffer.concat(
    parts.map((part) =>
      part.startsWith("\\x") ? Buffer.from(part.replaceAll("\\x", ""), "hex") : Buffer.from(part, "utf8"),
    ),
  );
}

/** Tells whether a text is in the one spelling that `escapeBytes` writes. Parsers refuse any other spelling. */
export function isEscaped(text: string): boolean {
  return PLAIN.test(text) || escapeBytes(unescapeToBytes(text)) === text;
}

/** Byte by byte: longest valid UTF-8 sequences are kept, the rest is escaped. */
function escapeInvalid(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      out += hexByte(bytes[at] as number);
      at += 1;
    } else {
      out += escapeText(decoder.decode(bytes.subarray(at, at + length)));
      at += length;
    }
  }
  return out;
}

/** Length of the valid UTF-8 sequence that starts at `at`, or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    decoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
