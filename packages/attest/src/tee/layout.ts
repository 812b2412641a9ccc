/**
 * Structures of fixed size as tables: one source for the code that reads and for `docs/spec/tee.md`.
 *
 * Numbers are little-endian in everything that AMD and Intel sign.
 */
import { toHex } from "../x509/index.ts";
import { badReport } from "./refusal.ts";

export interface Field {
  readonly name: string;
  /** Bytes from the beginning of the structure. */
  readonly offset: number;
  readonly size: number;
  readonly meaning: string;
}

export interface Layout {
  readonly name: string;
  /** Where it is specified. */
  readonly source: string;
  readonly size: number;
  readonly fields: readonly Field[];
}

/** The fields of one structure, by name. */
export class Fields {
  readonly bytes: Uint8Array;
  readonly #layout: Layout;

  constructor(layout: Layout, bytes: Uint8Array) {
    if (bytes.length !== layout.size)
      throw badReport(`${layout.name}: expected ${layout.size} bytes, got ${bytes.length}`);
    this.bytes = bytes;
    this.#layout = layout;
  }

  at(name: string): Uint8Array {
    const field = this.#layout.fields.find((each) => each.name === name);
    if (field === undefined) throw badReport(`${this.#layout.name}: it has no field ${name}`);
    return this.bytes.subarray(field.offset, field.offset + field.size);
  }

  hex(name: string): string {
    return toHex(this.at(name));
  }

  /** A number of at most four bytes. */
  number(name: string): number {
    return numberIn(this.at(name));
  }

  /** A number of any size, whose bits have meanings. */
  bits(name: string): bigint {
    return this.at(name).reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
  }
}

/** An unsigned little-endian number of at most four bytes. */
export function numberIn(bytes: Uint8Array): number {
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}

/** Reads bytes of varying length, one piece after the other. */
export class PieceReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#at;
  }

  take(length: number, what: string): Uint8Array {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw badReport(`${what}: expected ${length} bytes, got ${left}`);
    const piece = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return piece;
  }

  number(size: 2 | 4, what: string): number {
    return numberIn(this.take(size, what));
  }

  /** The bytes that are left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at, "rest");
  }
}
