/** Sorts digests and texts in ascending byte order without one object per entry. */
import { Arena } from "./arena.ts";

/** Indices of the 32-byte digests in `digests`, ascending by their bytes. */
export function ascendingDigests(digests: Buffer): Uint32Array {
  const count = digests.length / 32;
  const heads = new Uint32Array(count);
  const order = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    heads[index] = digests.readUInt32BE(index * 32);
    order[index] = index;
  }
  return order.sort((a, b) => (heads[a] as number) - (heads[b] as number) || compareAt(digests, a, b));
}

function compareAt(digests: Buffer, a: number, b: number): number {
  return digests.compare(digests, b * 32, b * 32 + 32, a * 32, a * 32 + 32);
}

/** Number of leading bytes that a number can hold exactly. */
const HEAD = 6;

/**
 * Texts to be sorted, kept as bytes side by side. V8 keeps the parts of a concatenated string alive; for a hundred thousand
 * strings that was ten times the memory of their bytes.
 */
export class Texts {
  readonly #bytes = new Arena();
  #first: Buffer = Buffer.alloc(0);
  /** Length of the prefix that all texts share. */
  #common = 0;

  /** Adds a text. Its number is the number of texts before it. */
  push(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#bytes.size === 0) {
      this.#first = Buffer.from(bytes);
      this.#common = bytes.length;
    }
    this.#bytes.push(bytes);
    const most = Math.min(this.#common, bytes.length);
    let same = 0;
    while (same < most && bytes[same] === this.#first[same]) same++;
    this.#common = same;
  }

  text(number: number): string {
    return this.#bytes.at(number).toString();
  }

  /** Numbers of the texts, ascending by UTF-8 bytes as in `compareText`. */
  ascending(): Uint32Array {
    const heads = new Float64Array(this.#bytes.size);
    const order = new Uint32Array(this.#bytes.size);
    const head = Buffer.alloc(HEAD);
    for (let number = 0; number < order.length; number++) {
      this.#bytes.at(number).copy(head.fill(0), 0, this.#common);
      heads[number] = head.readUIntBE(0, HEAD);
      order[number] = number;
    }
    return order.sort((a, b) => (heads[a] as number) - (heads[b] as number) || this.#bytes.compare(a, b));
  }

  clear(): void {
    this.#bytes.clear();
  }
}
