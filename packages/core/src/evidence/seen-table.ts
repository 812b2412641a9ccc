/**
 * What is known of each point, in arrays side by side: a hundred thousand points take a few megabytes, where an object, a text and
 * an entry of a map for each took ten times as much.
 *
 *   slots    [ … 0 … 17 … 0 … 4 … ]      entry + 1, or 0 where free; a power of two in number, at most half full
 *   keys     [ k0 k0' k1 k1' … ]         the first eight bytes of a digest as two words, the higher first
 *   digests  [ d0 d1 … ]                 32 bytes each, of the points that the contour has; of others only the key is known
 *
 * The words of a SHA-256 digest are as good as random, so the lower one is the hash.
 */
import type { Digest } from "../digest.ts";
import { RunSet } from "./run-set.ts";

/** Bytes of a digest by which a point is known. */
export const KEY_BYTES = 8;
const DIGEST_BYTES = 32;
const FIRST_ENTRIES = 64;

export class SeenTable {
  #keys = new Uint32Array(FIRST_ENTRIES * 2);
  #slots = new Int32Array(FIRST_ENTRIES * 4);
  #digests = Buffer.alloc(FIRST_ENTRIES * DIGEST_BYTES);
  #isOnContour = new Uint8Array(FIRST_ENTRIES);
  #occurrences = new Float64Array(FIRST_ENTRIES);
  #past = new Float64Array(FIRST_ENTRIES);
  readonly #runs: RunSet[] = [];
  readonly #probe = Buffer.alloc(KEY_BYTES);
  #points = 0;

  /** How many points are known. */
  get size(): number {
    return this.#runs.length;
  }

  /** How many of them the contour has. */
  get points(): number {
    return this.#points;
  }

  /** The entry of a point, or -1. */
  find(point: Digest): number {
    this.#probe.write(point, 0, KEY_BYTES, "hex");
    return this.findBytes(this.#probe, 0);
  }

  /** The same for the bytes of a digest, or of its key, at a place. */
  findBytes(bytes: Uint8Array, at: number): number {
    return (this.#slots[this.#slotOf(wordAt(bytes, at), wordAt(bytes, at + 4))] as number) - 1;
  }

  /** The entry of a point; a new one, seen by no run, if there is none. */
  at(point: Digest): number {
    this.#probe.write(point, 0, KEY_BYTES, "hex");
    return this.atBytes(this.#probe);
  }

  /** The same for the bytes of a key. */
  atBytes(key: Uint8Array): number {
    const [high, low] = [wordAt(key, 0), wordAt(key, 4)];
    const known = (this.#slots[this.#slotOf(high, low)] as number) - 1;
    if (known >= 0) return known;
    const entry = this.#runs.push(new RunSet()) - 1;
    if (entry >= this.#isOnContour.length) this.#grow();
    this.#keys[entry * 2] = high;
    this.#keys[entry * 2 + 1] = low;
    this.#slots[this.#slotOf(high, low)] = entry + 1;
    return entry;
  }

  runs(entry: number): RunSet {
    return this.#runs[entry] as RunSet;
  }

  setRuns(entry: number, runs: RunSet): void {
    this.#runs[entry] = runs;
  }

  occurrences(entry: number): number {
    return this.#occurrences[entry] as number;
  }

  setOccurrences(entry: number, occurrences: number): void {
    this.#occurrences[entry] = occurrences;
  }

  /** In how many of the folded runs it was seen. */
  past(entry: number): number {
    return this.#past[entry] as number;
  }

  setPast(entry: number, past: number): void {
    this.#past[entry] = past;
  }

  /** The eight bytes of a key, written into a buffer. */
  keyInto(entry: number, out: Buffer, at: number): void {
    out.writeUInt32BE(this.#keys[entry * 2] as number, at);
    out.writeUInt32BE(this.#keys[entry * 2 + 1] as number, at + 4);
  }

  /** Says that the contour has the point of an entry. */
  putOnContour(entry: number, point: Digest): void {
    if (this.#isOnContour[entry] === 0) this.#points += 1;
    this.#isOnContour[entry] = 1;
    this.#digests.write(point, entry * DIGEST_BYTES, DIGEST_BYTES, "hex");
  }

  /** Says that the contour has none of the points. */
  clearContour(): void {
    this.#isOnContour.fill(0);
    this.#points = 0;
  }

  isOnContour(entry: number): boolean {
    return this.#isOnContour[entry] === 1;
  }

  /** The point of an entry that the contour has. */
  point(entry: number): Digest {
    return this.#digests.toString("hex", entry * DIGEST_BYTES, (entry + 1) * DIGEST_BYTES) as Digest;
  }

  /** Every entry, by key in ascending order. */
  ascending(): Uint32Array {
    const keys = this.#keys;
    return Uint32Array.from(this.#runs.keys()).sort(
      (a, b) =>
        (keys[a * 2] as number) - (keys[b * 2] as number) || (keys[a * 2 + 1] as number) - (keys[b * 2 + 1] as number),
    );
  }

  /** The slot of a key, or the free one where it belongs. */
  #slotOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0 || (this.#keys[entry * 2] === high && this.#keys[entry * 2 + 1] === low)) return slot;
    }
  }

  /** Twice the length. The last entry, which did not fit, is not placed. */
  #grow(): void {
    const length = this.#isOnContour.length * 2;
    this.#keys = grown(this.#keys, new Uint32Array(length * 2));
    this.#occurrences = grown(this.#occurrences, new Float64Array(length));
    this.#past = grown(this.#past, new Float64Array(length));
    this.#isOnContour = grown(this.#isOnContour, new Uint8Array(length));
    this.#digests = grown(this.#digests, Buffer.alloc(length * DIGEST_BYTES));
    this.#slots = new Int32Array(length * 4);
    for (let entry = 0; entry < length / 2; entry++)
      this.#slots[this.#slotOf(this.#keys[entry * 2] as number, this.#keys[entry * 2 + 1] as number)] = entry + 1;
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Four bytes as a number, the highest first. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
