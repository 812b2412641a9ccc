/**
 * By which runs each of some keys was seen: the two earliest, which is enough to know whether a run besides a given one, or an
 * earlier one, saw it. First it is said which keys will be asked about; what is seen of any other is passed over, so that the table
 * stays small. A table of numbers: a map took three times as long.
 */

/** Stands for no run, where there is no earliest one, or no second. */
export const NO_RUN = 0xffff;

const LEAST_SLOTS = 1024;

export class SeenBy {
  /** Keys by slot; 0 where a slot is free, so no key is 0. */
  #keys = new Float64Array(LEAST_SLOTS);
  #first = new Uint16Array(LEAST_SLOTS);
  #second = new Uint16Array(LEAST_SLOTS);
  #size = 0;

  /** Says that a key will be asked about. */
  want(key: number): void {
    if (this.#size * 2 >= this.#keys.length) this.#grow();
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== 0) return;
    this.#keys[slot] = key;
    this.#first[slot] = NO_RUN;
    this.#second[slot] = NO_RUN;
    this.#size += 1;
  }

  /** These runs saw what a key stands for. */
  add(key: number, first: number, second: number): void {
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== key) return;
    this.#note(slot, first);
    this.#note(slot, second);
  }

  /** Whether a run before this one saw it. */
  before(key: number, run: number): boolean {
    const slot = this.#slotOf(key);
    return this.#keys[slot] === key && (this.#first[slot] as number) < run;
  }

  /** Whether a run besides this one saw it. */
  besides(key: number, run: number): boolean {
    const slot = this.#slotOf(key);
    const first = this.#first[slot];
    return this.#keys[slot] === key && first !== NO_RUN && (first !== run || this.#second[slot] !== NO_RUN);
  }

  #note(slot: number, run: number): void {
    const first = this.#first[slot] as number;
    if (run === NO_RUN || run === first) return;
    if (run < first) {
      this.#first[slot] = run;
      this.#second[slot] = first;
    } else if (run < (this.#second[slot] as number)) this.#second[slot] = run;
  }

  /** The slot of a key, or the free one where it belongs. */
  #slotOf(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = Math.imul((key % 0x1_0000_0000) ^ (key / 0x1_0000_0000), 0x9e3779b1) >>> 8;
    for (slot &= mask; this.#keys[slot] !== 0 && this.#keys[slot] !== key; slot = (slot + 1) & mask);
    return slot;
  }

  #grow(): void {
    const [keys, first, second] = [this.#keys, this.#first, this.#second];
    this.#keys = new Float64Array(keys.length * 2);
    this.#first = new Uint16Array(keys.length * 2);
    this.#second = new Uint16Array(keys.length * 2);
    for (const [from, key] of keys.entries()) {
      if (key === 0) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#first[slot] = first[from] as number;
      this.#second[slot] = second[from] as number;
    }
  }
}
