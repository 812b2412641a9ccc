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

  /** The set whose bits are these bytes, the lowest bit of the first byte first. */
  static fromBytes(bytes: Uint8Array): RunSet {
    const words = new Uint32Array(Math.max(1, Math.ceil(bytes.length / 4)));
    bytes.forEach((byte, at) => {
      words[at >> 2] = ((words[at >> 2] as number) | (byte << (8 * (at & 3)))) >>> 0;
    });
    return new RunSet(words);
  }

  /** The first `length` bytes of the set, as `fromBytes` reads them. */
  toBytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) bytes[at] = ((this.#words[at >> 2] ?? 0) >>> (8 * (at & 3))) & 0xff;
    return bytes;
  }

  add(place: number): void {
    const at = Math.floor(place / BITS);
    this.#grow(at + 1);
    this.#words[at] = (this.#words[at] as number) | (1 << (place % BITS));
  }

  has(place: number): boolean {
    return ((this.#words[Math.floor(place / BITS)] ?? 0) & (1 << (place % BITS))) !== 0;
  }

  /** How many runs are in the set. */
  get size(): number {
    return ones(this.#words);
  }

  /** The two first runs of the set; -1 where there is none. */
  get firstTwo(): readonly [number, number] {
    let first = -1;
    for (const [at, word] of this.#words.entries()) {
      for (let rest = word; rest !== 0; rest &= rest - 1) {
        const place = at * BITS + (31 - Math.clz32(rest & -rest));
        if (first >= 0) return [first, place];
        first = place;
      }
    }
    return [first, -1];
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
    const words = other.#words;
    this.#grow(words.length);
    for (let at = 0; at < words.length; at++) this.#words[at] = (this.#words[at] as number) | (words[at] as number);
  }

  /** Takes out the first runs, a multiple of 32, so that the next one has the place 0. Returns how many of them were in the set. */
  dropFirst(runs: number): number {
    const words = runs / BITS;
    const dropped = ones(this.#words.subarray(0, words));
    this.#words = this.#words.length > words ? this.#words.slice(words) : new Uint32Array(1);
    return dropped;
  }

  /** Whether a run is in both sets. */
  meets(other: RunSet): boolean {
    return this.#words.some((word, at) => (word & (other.#words[at] ?? 0)) !== 0);
  }

  /** The runs that are in both sets. */
  within(other: RunSet): RunSet {
    return new RunSet(this.#words.map((word, at) => word & (other.#words[at] ?? 0)));
  }

  /** The place of the first run; undefined for an empty set. */
  get first(): number | undefined {
    for (const place of this) return place;
    return undefined;
  }

  /** The places of the runs, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (const [at, word] of this.#words.entries()) {
      for (let rest = word; rest !== 0; rest &= rest - 1) yield at * BITS + (31 - Math.clz32(rest & -rest));
    }
  }

  #grow(length: number): void {
    if (length <= this.#words.length) return;
    const grown = new Uint32Array(Math.max(length, this.#words.length * 2));
    grown.set(this.#words);
    this.#words = grown;
  }
}

/** How many bits are set. */
function ones(words: Uint32Array): number {
  let count = 0;
  for (const word of words) for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
