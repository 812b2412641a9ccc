/**
 * How often each point was seen, and in how many runs. 16 bytes a point.
 */
export class Tally {
  #seenIn = new Uint32Array(64);
  #occurrences = new Float64Array(64);
  /** The run in which a point was last seen, counted from 1 since this object was made; 0 for "in none of these". */
  #lastRun = new Uint32Array(64);
  #run = 1;

  beginRun(): void {
    this.#run += 1;
  }

  /** Counts `times` further occurrences of a point. */
  count(index: number, times: number): void {
    if (index >= this.#seenIn.length) this.#grow(index + 1);
    this.#occurrences[index] = (this.#occurrences[index] as number) + times;
    if (this.#lastRun[index] === this.#run) return;
    this.#lastRun[index] = this.#run;
    this.#seenIn[index] = (this.#seenIn[index] as number) + 1;
  }

  seenIn(index: number): number {
    return this.#seenIn[index] ?? 0;
  }

  occurrences(index: number): number {
    return this.#occurrences[index] ?? 0;
  }

  /** Replaces the counts with those of a file or a merge. The number of runs includes the current run. */
  restore(index: number, seenIn: number, occurrences: number): void {
    if (index >= this.#seenIn.length) this.#grow(index + 1);
    this.#seenIn[index] = seenIn;
    this.#occurrences[index] = occurrences;
    this.#lastRun[index] = this.#run;
  }

  #grow(size: number): void {
    const room = Math.max(size, this.#seenIn.length * 2);
    const seenIn = new Uint32Array(room);
    const occurrences = new Float64Array(room);
    const lastRun = new Uint32Array(room);
    seenIn.set(this.#seenIn);
    occurrences.set(this.#occurrences);
    lastRun.set(this.#lastRun);
    this.#seenIn = seenIn;
    this.#occurrences = occurrences;
    this.#lastRun = lastRun;
  }
}
