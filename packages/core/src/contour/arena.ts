/**
 * Byte strings side by side in chunks, so that a million of them cost no objects and growing never copies.
 *
 *   chunk  [ u32 length ‖ bytes ][ u32 length ‖ bytes ] …          a string never crosses a chunk
 */
import { IsolineError } from "../error.ts";

const CHUNK = 1 << 20;
const FIRST_CHUNK = 1 << 17;
const MAX_CHUNKS = 1 << 12;

export class Arena {
  readonly #chunks: Buffer[] = [];
  /** chunk number in the upper 12 bits, offset in the lower 20 */
  #places = new Uint32Array(64);
  #size = 0;
  #end = 0;

  /** Keeps a copy, without the bytes `from` to `to` if given; its index is the number of strings before it. */
  push(bytes: Buffer, from = 0, to = 0): void {
    const length = bytes.length - (to - from);
    const chunk = this.#chunkFor(length + 4);
    if (this.#size === this.#places.length) this.#growPlaces();
    this.#places[this.#size++] = ((this.#chunks.length - 1) << 20) | this.#end;
    this.#end = chunk.writeUInt32LE(length, this.#end);
    this.#end += bytes.copy(chunk, this.#end, 0, from);
    this.#end += bytes.copy(chunk, this.#end, to);
  }

  /** Number of strings. */
  get size(): number {
    return this.#size;
  }

  /** Removes all strings; the chunks are kept for reuse. */
  clear(): void {
    this.#chunks.length = Math.min(this.#chunks.length, 1);
    this.#size = 0;
    this.#end = 0;
  }

  /** The order of two strings by their bytes: negative, zero or positive. */
  compare(a: number, b: number): number {
    const [one, other] = [this.#places[a] as number, this.#places[b] as number];
    const [ofOne, ofOther] = [this.#chunks[one >>> 20] as Buffer, this.#chunks[other >>> 20] as Buffer];
    const [from, otherFrom] = [(one & (CHUNK - 1)) + 4, (other & (CHUNK - 1)) + 4];
    const [to, otherTo] = [from + ofOne.readUInt32LE(from - 4), otherFrom + ofOther.readUInt32LE(otherFrom - 4)];
    return ofOne.compare(ofOther, otherFrom, otherTo, from, to);
  }

  /** A view of the string at an index. */
  at(index: number): Buffer {
    if (index < 0 || index >= this.#size)
      throw new IsolineError("bad-contour", `a contour of ${this.#size} points has none of index ${index}`);
    const place = this.#places[index] as number;
    const chunk = this.#chunks[place >>> 20] as Buffer;
    const start = (place & (CHUNK - 1)) + 4;
    return chunk.subarray(start, start + chunk.readUInt32LE(start - 4));
  }

  #chunkFor(length: number): Buffer {
    const last = this.#chunks.at(-1);
    if (last && this.#end + length <= last.length) return last;
    if (this.#chunks.length === MAX_CHUNKS) {
      throw new IsolineError(
        "bad-event",
        "a contour holds at most 4 GiB of events; narrow the lens or split the workload",
      );
    }
    const chunk = Buffer.allocUnsafeSlow(last ? CHUNK : FIRST_CHUNK);
    this.#chunks.push(chunk);
    this.#end = 0;
    return chunk;
  }

  #growPlaces(): void {
    const grown = new Uint32Array(this.#places.length * 2);
    grown.set(this.#places);
    this.#places = grown;
  }
}
