/**
 * Reads deterministic CBOR (RFC 8949, 4.2.1) from its first byte to its last: shortest forms, definite lengths, and nothing that was not
 * asked for. What is read is what a shape asks for next, so no bytes make it build more than the shape has room for.
 */
import { AttestError } from "../error.ts";

/** Major types (RFC 8949, 3.1). */
export const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 } as const;
const FALSE = 0xf4;
const TRUE = 0xf5;
/** Arguments up to here are in the first byte of an item; the four numbers behind say how many bytes of argument follow. */
const MOST_SHORT = 23;
const LONG = { one: 24, two: 25, four: 26, eight: 27 } as const;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Reader {
  /** Where in the value it reads, for a refusal: names of members, and places in lists. */
  readonly path: (string | number)[];
  readonly #bytes: Uint8Array;
  #at = 0;

  /** `what` the bytes should be, for a refusal. */
  constructor(bytes: Uint8Array, what: string) {
    // Of a Buffer, what is cut out would be a view of all of it.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.path = [what];
  }

  /** The argument of the next item, which must be of this major type: a number, a length, or how many elements follow. */
  argument(major: number, expected: string): number {
    const first = this.#bytes[this.#at];
    if (first === undefined || first >> 5 !== major) throw this.refused(expected, this.#found());
    const short = first & 0x1f;
    if (short > MOST_SHORT) return this.#longArgument(short, expected);
    this.#at++;
    return short;
  }

  /** A copy of the next bytes, so many. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.slice(at, at + length);
  }

  /** The text in the next bytes, so many. */
  text(length: number): string {
    const at = this.#advance(length);
    try {
      return utf8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw this.refused("UTF-8", "other bytes");
    }
  }

  boolean(expected: string): boolean {
    const first = this.#bytes[this.#at];
    if (first !== TRUE && first !== FALSE) throw this.refused(expected, this.#found());
    this.#at++;
    return first === TRUE;
  }

  /** Whether the next bytes are these; only then are they read. */
  isNext(bytes: Uint8Array): boolean {
    const at = this.#at;
    for (let index = 0; index < bytes.length; index++) if (this.#bytes[at + index] !== bytes[index]) return false;
    this.#at = at + bytes.length;
    return true;
  }

  /**
   * The text of the member with this key, of the map that comes next and is not read by that; undefined where there is none. Refuses one of
   * more bytes than `most`.
   */
  textAhead(key: Uint8Array, most: number): string | undefined {
    const at = this.#at;
    try {
      for (let left = this.argument(MAJOR.map, "a map"); left > 0; left--) {
        if (this.isNext(key)) {
          const length = this.argument(MAJOR.text, "a text");
          if (length > most) throw this.refused(`a text of at most ${most} bytes`, `${length}`);
          return this.text(length);
        }
        this.#skip(2);
      }
      return undefined;
    } finally {
      this.#at = at;
    }
  }

  /** Refuses bytes that were not read. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw this.refused("nothing behind its end", `${left} more bytes`);
  }

  refused(expected: string, got: string): AttestError {
    const at = this.path.reduce((path, part) => (typeof part === "number" ? `${path}[${part}]` : `${path}.${part}`));
    return refused(`${at}: expected ${expected}, got ${got}`);
  }

  #longArgument(short: number, expected: string): number {
    const bytes = this.#bytes;
    const size = short === LONG.one ? 1 : short === LONG.two ? 2 : short === LONG.four ? 4 : 8;
    if (short > LONG.eight) throw this.refused("a definite length", "another");
    let at = this.#at + 1;
    const end = at + size;
    if (end > bytes.length) throw this.refused(expected, "the end");
    let value = 0;
    for (; at < end; at++) value = value * 256 + (bytes[at] as number);
    // A number of eight bytes that is no safe integer was rounded; it is refused, and so is one that fewer bytes would do for.
    if (!Number.isSafeInteger(value)) throw this.refused(expected, "a number above 2⁵³ − 1");
    const least = size === 1 ? MOST_SHORT + 1 : 256 ** (size / 2);
    if (value < least) throw this.refused("its one deterministic encoding", "a longer form of a number");
    this.#at = end;
    return value;
  }

  /** Passes over so many items, with all that is in them. */
  #skip(items: number): void {
    for (let left = items; left > 0; left--) {
      const major = (this.#bytes[this.#at] ?? 0) >> 5;
      if (major === MAJOR.simple) this.boolean("a value");
      else {
        const argument = this.argument(major, "a value");
        if (major === MAJOR.bytes || major === MAJOR.text) this.#advance(argument);
        else if (major === MAJOR.list || major === MAJOR.map) left += major === MAJOR.map ? 2 * argument : argument;
      }
    }
  }

  /** Where so many bytes begin. */
  #advance(length: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) throw this.refused(`${length} bytes`, `the end after ${left}`);
    this.#at = at + length;
    return at;
  }

  /** What stands where something else was expected. */
  #found(): string {
    const first = this.#bytes[this.#at];
    if (first === undefined) return "the end";
    if (first === TRUE || first === FALSE) return String(first === TRUE);
    const kinds = ["a number", "a negative number", "bytes", "a text", "a list", "a map", "a tag", "another value"];
    return kinds[first >> 5] as string;
  }
}

export function refused(why: string): AttestError {
  return new AttestError(
    "bad-evidence-format",
    `evidence that cannot be read: ${why}; fetch it again, or from an isoline of this version`,
  );
}
