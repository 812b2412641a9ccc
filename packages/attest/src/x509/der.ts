/** Reading DER (ITU-T X.690, 10): one encoding for each value, and nothing beyond the end. */
import { AttestError } from "../error.ts";

/** Tags of the universal class that certificates use, with the bit of a constructed encoding where they have it (X.690, 8.1.2). */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A tag of the context: `[number]`, explicit or constructed. */
export const context = (number: number) => 0xa0 | number;

export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content: what is signed, and what names are compared by. */
  readonly whole: Uint8Array;
}

/** Reads elements one after the other. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next element, whichever it is. */
  any(what: string): Element {
    const start = this.#at;
    const tag = this.#byte(what);
    if ((tag & 0x1f) === 0x1f) throw bad(`${what}: expected a tag of one byte, got 0x${tag.toString(16)}`);
    const length = this.#length(what);
    if (length > this.#bytes.length - this.#at)
      throw bad(`${what}: expected ${length} bytes, got ${this.#bytes.length - this.#at}`);
    const content = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return { tag, content, whole: this.#bytes.subarray(start, this.#at) };
  }

  /** The next element, which must have this tag. */
  take(tag: number, what: string): Element {
    const element = this.any(what);
    if (element.tag !== tag)
      throw bad(`${what}: expected the tag 0x${tag.toString(16)}, got 0x${element.tag.toString(16)}`);
    return element;
  }

  /** The next element if it has this tag. */
  optional(tag: number, what: string): Element | undefined {
    return this.#bytes[this.#at] === tag ? this.take(tag, what) : undefined;
  }

  /** The content of the next element, to be read in turn. */
  inside(tag: number, what: string): DerReader {
    return new DerReader(this.take(tag, what).content);
  }

  /** Refuses bytes that are left over. */
  end(what: string): void {
    if (!this.isAtEnd) throw bad(`${what}: expected nothing more, got ${this.#bytes.length - this.#at} more bytes`);
  }

  #byte(what: string): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw bad(`${what}: it ends early`);
    return byte;
  }

  /** A length in its shortest form, as DER has it (X.690, 10.1); three bytes are more than any certificate needs. */
  #length(what: string): number {
    const first = this.#byte(what);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw bad(`${what}: expected a length of one to three bytes, got ${count}`);
    let length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + this.#byte(what);
    if (length < 0x80 || length < 256 ** (count - 1)) throw bad(`${what}: its length is not in its shortest form`);
    return length;
  }
}

/** Everything that one element of these bytes holds. */
export function only(bytes: Uint8Array, tag: number, what: string): Element {
  const reader = new DerReader(bytes);
  const element = reader.take(tag, what);
  reader.end(what);
  return element;
}

/** An object identifier in dotted form (X.690, 8.19). */
export function oidOf({ content }: Element, what: string): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    if (arc === 0 && byte === 0x80) throw bad(`${what}: an arc is not in its shortest form`);
    arc = arc * 128 + (byte & 0x7f);
    if (arc > 0xffff_ffff) throw bad(`${what}: an arc is too large`);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first, ...rest] = arcs;
  if (first === undefined || (content.at(-1) as number) >= 0x80) throw bad(`${what}: no object identifier`);
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - 40 * root, ...rest].join(".");
}

/** A small integer that is not negative. */
export function smallInteger({ content }: Element, what: string): number {
  const isShortest = content.length > 0 && !(content[0] === 0 && content.length > 1 && (content[1] as number) < 0x80);
  if (!isShortest || content.length > 5 || (content[0] as number) >= 0x80)
    throw bad(`${what}: expected a small number that is not negative`);
  return content.reduce((number, byte) => number * 256 + byte, 0);
}

/** The bytes of a bit string without unused bits. */
export function wholeBits({ content }: Element, what: string): Uint8Array {
  if (content[0] !== 0) throw bad(`${what}: expected whole bytes`);
  return content.subarray(1);
}

/** UTCTime or GeneralizedTime in the forms of RFC 5280, 4.1.2.5: seconds, and `Z`. */
export function timeOf({ tag, content }: Element, what: string): Date {
  const text = String.fromCharCode(...content.subarray(0, 16));
  const isShort = tag === tags.utcTime;
  const form = isShort ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
  const [, year = "", month, day, hour, minute, second] = form.exec(text) ?? [];
  if ((!isShort && tag !== tags.generalizedTime) || month === undefined) throw bad(`${what}: expected a time`);
  const full = isShort ? `${Number(year) >= 50 ? "19" : "20"}${year}` : year;
  const iso = `${full}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = new Date(iso);
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw bad(`${what}: no such time`);
  return time;
}

/** Bytes that are no certificate, no revocation list and no part of one. */
export function bad(why: string): AttestError {
  return new AttestError(
    "bad-certificate",
    `not a certificate or revocation list: ${why}; fetch it anew from its maker`,
  );
}
