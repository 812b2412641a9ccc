/** How often each point was seen in one run. 8 bytes a point. */
export class Occurrences {
  #counts = new Float64Array(64);

  /** Counts `times` further occurrences of a point. */
  count(index: number, times: number): void {
    if (index >= this.#counts.length) this.#grow(index + 1);
    this.#counts[index] = (this.#counts[index] as number) + times;
  }

  of(index: number): number {
    return this.#counts[index] ?? 0;
  }

  #grow(size: number): void {
    const grown = new Float64Array(Math.max(size, this.#counts.length * 2));
    grown.set(this.#counts);
    this.#counts = grown;
  }
}
