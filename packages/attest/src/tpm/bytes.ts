/** Reading and writing the bytes of a TPM: big-endian numbers, and nothing beyond the end (TPM 2.0 Library, part 1, 3). */
import { concatBytes } from "@noble/hashes/utils.js";
import { AttestError } from "../error.ts";

/** No structure of a TPM is larger: the largest command and response of the PC client profile is 4096 bytes. */
const MOST_BYTES = 4096;

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    if (bytes.length > MOST_BYTES) throw bad(`expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A view of the next bytes. */
  take(length: number, what: string): Uint8Array {
    const at = this.#advance(length, what);
    return this.#bytes.subarray(at, at + length);
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  number(size: 1 | 2 | 4, what: string): number {
    const at = this.#advance(size, what);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  long(what: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, what));
  }

  /** Refuses bytes that are left over. */
  end(what: string): void {
    if (this.left > 0) throw bad(`${what}: expected nothing more, got ${this.left} more bytes`);
  }

  /** Where the next bytes begin; refuses where there are not so many. */
  #advance(length: number, what: string): number {
    if (length > this.left) throw bad(`${what}: expected ${length} bytes, got ${this.left}`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

export class ByteWriter {
  readonly #parts: Uint8Array[] = [];

  bytes(part: Uint8Array): void {
    this.#parts.push(part);
  }

  number(value: number, size: 1 | 2 | 4, what: string): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size))
      throw bad(`${what}: expected a number of ${size} bytes, got ${value}`);
    this.#parts.push(numberBytes(value, size));
  }

  long(value: bigint, what: string): void {
    if (value < 0n || value >= 1n << 64n) throw bad(`${what}: expected a number of 8 bytes, got ${value}`);
    const part = new Uint8Array(8);
    new DataView(part.buffer).setBigUint64(0, value);
    this.#parts.push(part);
  }

  finish(): Uint8Array {
    return concatBytes(...this.#parts);
  }
}

/** A number, big-endian. */
export function numberBytes(value: number, size: 1 | 2 | 4): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes.subarray(4 - size);
}

/** A structure that is not one. */
export function bad(why: string): AttestError {
  return new AttestError("bad-tpm-structure", `not a structure of a TPM: ${why}; fetch the evidence anew`);
}
