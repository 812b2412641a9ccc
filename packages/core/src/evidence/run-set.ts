/** A set of runs, one bit for each, by the place of the run in its evidence. */

const BITS = 32;

const NONE = new Uint32Array(1);

export class RunSet {
  /** Sets that are equal share their words until one of them changes: most points were seen by the same runs as many others. */
  #words: Uint32Array<ArrayBuffer>;
  #isShared: boolean;

  constructor(words: Uint32Array<ArrayBuffer> = NONE) {
    this.#words = words;
    this.#isShared = words === NONE;
  }

  static of(places: Iterable<number>): RunSet {
    const set = new RunSet();
    for (const place of places) set.add(place);
    return set;
  }

  /** The runs of both sets: one of the two where it has all of the other, so it is not to be changed. */
  static union(one: RunSet, other: RunSet): RunSet {
    if (one.#has(other)) return one;
    if (other.#has(one)) return other;
    const both = one.copy();
    both.addAll(other);
    return both;
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

  /** An equal set, which changes by itself. */
  copy(): RunSet {
    const copy = new RunSet(this.#words);
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  add(place: number): void {
    const at = Math.floor(place / BITS);
    this.#own(at + 1);
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
    for (let at = 0; at < this.#words.length; at++) {
      for (let rest = this.#words[at] as number; rest !== 0; rest &= rest - 1) {
        const place = at * BITS + lowest(rest);
        if (first >= 0) return [first, place];
        first = place;
      }
    }
    return [first, -1];
  }

  /** The only run of the set, or undefined where there are none or several. */
  get only(): number | undefined {
    const [first, second] = this.firstTwo;
    return first >= 0 && second < 0 ? first : undefined;
  }

  /** Adds every run of another set. */
  addAll(other: RunSet): void {
    const words = other.#words;
    if (words === this.#words || words === NONE) return;
    if (this.#words === NONE) {
      this.#words = words;
      this.#isShared = true;
      other.#isShared = true;
      return;
    }
    if (this.#has(other)) return;
    this.#own(words.length);
    for (let at = 0; at < words.length; at++) this.#words[at] = (this.#words[at] as number) | (words[at] as number);
  }

  /** Takes out the first runs, a multiple of 32, so that the next one has the place 0. Returns how many of them were in the set. */
  dropFirst(runs: number): number {
    const words = runs / BITS;
    const dropped = ones(this.#words.subarray(0, words));
    this.#words = this.#words.length > words ? this.#words.slice(words) : new Uint32Array(1);
    this.#isShared = false;
    return dropped;
  }

  /** Whether a run is in both sets. */
  meets(other: RunSet): boolean {
    const length = Math.min(this.#words.length, other.#words.length);
    for (let at = 0; at < length; at++)
      if (((this.#words[at] as number) & (other.#words[at] as number)) !== 0) return true;
    return false;
  }

  /** The runs that are in both sets. */
  within(other: RunSet): RunSet {
    return new RunSet(this.#words.map((word, at) => word & (other.#words[at] ?? 0)));
  }

  /** The place of the first run; undefined for an empty set. */
  get first(): number | undefined {
    const [first] = this.firstTwo;
    return first < 0 ? undefined : first;
  }

  /** The places of the runs, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (const [at, word] of this.#words.entries()) {
      for (let rest = word; rest !== 0; rest &= rest - 1) yield at * BITS + lowest(rest);
    }
  }

  /** Whether every run of another set is in this one. */
  #has(other: RunSet): boolean {
    const words = other.#words;
    if (words === this.#words) return true;
    for (let at = 0; at < words.length; at++) {
      if (((words[at] as number) & ~(this.#words[at] ?? 0)) !== 0) return false;
    }
    return true;
  }

  /** Makes the words this set's alone, at least `length` of them. */
  #own(length: number): void {
    const grown = length > this.#words.length ? Math.max(length, this.#words.length * 2) : this.#words.length;
    if (!this.#isShared && grown === this.#words.length) return;
    const own = new Uint32Array(grown);
    own.set(this.#words);
    this.#words = own;
    this.#isShared = false;
  }
}

/** The place of the lowest bit that is set. */
function lowest(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** How many bits are set. */
function ones(words: Uint32Array): number {
  let count = 0;
  for (const word of words) for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
