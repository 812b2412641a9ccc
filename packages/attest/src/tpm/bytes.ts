/** Reading and writing the bytes of a TPM: big-endian numbers, and nothing beyond the end (TPM 2.0 Library, part 1, 3). */
import { AttestError } from "../error.ts";

/** No structure of a TPM is larger: the largest command and response of the PC client profile is 4096 bytes. */
const MOST_BYTES = 4096;

export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    if (bytes.length > MOST_BYTES) throw bad(`expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number, what: string): Buffer {
    if (length > this.left) throw bad(`${what}: expected ${length} bytes, got ${this.left}`);
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  number(size: 1 | 2 | 4, what: string): number {
    return this.take(size, what).readUIntBE(0, size);
  }

  long(what: string): bigint {
    return this.take(8, what).readBigUInt64BE(0);
  }

  /** Refuses bytes that are left over. */
  end(what: string): void {
    if (this.left > 0) throw bad(`${what}: expected nothing more, got ${this.left} more bytes`);
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
    const part = Buffer.alloc(size);
    part.writeUIntBE(value, 0, size);
    this.#parts.push(part);
  }

  long(value: bigint, what: string): void {
    if (value < 0n || value >= 1n << 64n) throw bad(`${what}: expected a number of 8 bytes, got ${value}`);
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(value);
    this.#parts.push(part);
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** A structure that is not one. */
export function bad(why: string): AttestError {
  return new AttestError("bad-tpm-structure", `not a structure of a TPM: ${why}; fetch the evidence anew`);
}
