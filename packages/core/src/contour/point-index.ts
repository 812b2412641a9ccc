/**
 * Finds a point among a million by its digest: digests side by side in one array of words, and an open-addressing table of
 * indices into it. 32 bytes a point for the digest, 8 to 16 for the table; a lookup touches about two cache lines.
 *
 *   slots    [ … 0 … 17 … 0 … 4 … ]      index + 1, or 0 where free; a power of two in number, at most half full
 *   digests  [ d0 d1 d2 … ]              8 words each
 *
 * The first word of a SHA-256 digest is as good as random, so it is the hash.
 */
const WORDS = 8;

export class PointIndex {
  #digests = new Int32Array(64 * WORDS);
  #slots = new Int32Array(256);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Index of the point whose digest is the eight words, or -1. */
  find(words: Int32Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = (words[0] as number) & mask; ; slot = (slot + 1) & mask) {
      const index = (this.#slots[slot] as number) - 1;
      if (index < 0 || this.#isAt(index, words)) return index;
    }
  }

  /** Adds a digest that is not there yet; returns its index. */
  insert(words: Int32Array): number {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#growSlots();
    if ((this.#size + 1) * WORDS > this.#digests.length) this.#growDigests();
    this.#digests.set(words, this.#size * WORDS);
    this.#place(this.#size);
    return this.#size++;
  }

  /** The digests as bytes, 32 each, in order of index; valid until the next insertion. */
  bytes(): Buffer {
    return Buffer.from(this.#digests.buffer, 0, this.#size * WORDS * 4);
  }

  #isAt(index: number, words: Int32Array): boolean {
    const at = index * WORDS;
    for (let word = 0; word < WORDS; word++) {
      if (this.#digests[at + word] !== words[word]) return false;
    }
    return true;
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#digests[index * WORDS] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let index = 0; index < this.#size; index++) this.#place(index);
  }

  #growDigests(): void {
    const grown = new Int32Array(this.#digests.length * 2);
    grown.set(this.#digests);
    this.#digests = grown;
  }
}
