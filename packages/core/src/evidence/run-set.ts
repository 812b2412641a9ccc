/** A set of runs, one bit for each, by the place of the run in its evidence. */

const BITS = 32;

export class RunSet {
  #words: Uint32Array<ArrayBuffer>;

  constructor(words: Uint32Array<ArrayBuffer> = new Uint32Array(1)) {
    this.#words = words;
  }

  static of(places: Iterable<number>): RunSet {
    const set = new RunSet();
    for (const place of places) set.add(place);
    return set;
  }

  add(place: number): void {
    const at = Math.floor(place / BITS);
    if (at >= this.#words.length) {
      const grown = new Uint32Array(Math.max(at + 1, this.#words.length * 2));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[at] = (this.#words[at] as number) | (1 << (place % BITS));
  }

  has(place: number): boolean {
    return ((this.#words[Math.floor(place / BITS)] ?? 0) & (1 << (place % BITS))) !== 0;
  }

  /** How many runs are in the set. */
  get size(): number {
    let size = 0;
    for (const word of this.#words) size += ones(word);
    return size;
  }

  /** The only run of the set, or undefined where there are none or several. */
  get only(): number | undefined {
    let found: number | undefined;
    for (const [at, word] of this.#words.entries()) {
      if (word === 0) continue;
      if (found !== undefined || (word & (word - 1)) !== 0) return undefined;
      found = at * BITS + (31 - Math.clz32(word));
    }
    return found;
  }

  /** Adds every run of another set. */
  addAll(other: RunSet): void {
    for (const place of other) this.add(place);
  }

  /** The places of the runs, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (const [at, word] of this.#words.entries()) {
      for (let rest = word; rest !== 0; rest &= rest - 1) yield at * BITS + (31 - Math.clz32(rest & -rest));
    }
  }
}

/** How many bits of a word are set. */
function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
