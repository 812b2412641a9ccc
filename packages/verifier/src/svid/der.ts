/** Writing DER (ITU-T X.690, 10), as far as a leaf certificate needs it. */
import { VerifierError } from "../error.ts";

const SHORT = 0x80;

/** A tag, the length in its shortest form (X.690, 10.1), and the content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const whole = Buffer.concat(content);
  const { length } = whole;
  const lengths = length < SHORT ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  if (length > 0xffff)
    throw new VerifierError(
      "bad-configuration",
      `svid: expected certificates of less than 65 536 bytes, got ${length}`,
    );
  return Buffer.concat([Buffer.from([tag, ...lengths]), whole]);
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => element(0x30, ...content);
export const octetString = (content: Uint8Array): Buffer => element(0x04, content);
/** `unused` bits at the end. */
export const bitString = (content: Uint8Array, unused = 0): Buffer => element(0x03, Buffer.from([unused]), content);
export const TRUE: Buffer = element(0x01, Buffer.from([0xff]));

/** A number that is not negative, from its big-endian bytes, of which the first is not zero (X.690, 8.3). */
export function integer(bytes: Uint8Array): Buffer {
  return element(0x02, (bytes[0] as number) >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

/** An object identifier, in dotted form (X.690, 8.19). */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const bytes = [arc & 0x7f];
  for (let left = arc >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** UTCTime until 2049, GeneralizedTime from then on; whole seconds (RFC 5280, 4.1.2.5). */
export function time(at: Date): Buffer {
  const digits = `${at.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
  return at.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2), "latin1"))
    : element(0x18, Buffer.from(digits, "latin1"));
}
