/**
 * A multimap from hashes to indexes of points. An entry takes eight bytes, so a million points fit in 8 MB.
 *
 *   heads   by hash: the last point of the chain          next   by point: the one before it
 *
 * Chains of several keys may run into one another. A reader of a chain compares the points themselves and stops after a fixed
 * number, because a hostile workload can make a chain long.
 */
const NONE = -1;

export class Chains {
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #mask: number;

  constructor(points: number) {
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(16, points)));
    this.#heads = new Int32Array(buckets).fill(NONE);
    this.#next = new Int32Array(points).fill(NONE);
    this.#mask = buckets - 1;
  }

  /** Adds a point; each point belongs to one chain only. */
  add(hash: number, point: number): void {
    const bucket = spread(hash) & this.#mask;
    this.#next[point] = this.#heads[bucket] as number;
    this.#heads[bucket] = point;
  }

  /** Up to `limit` points that may have the key, latest first. */
  *walk(hash: number, limit: number): Generator<number> {
    let point = this.#heads[spread(hash) & this.#mask] as number;
    for (let steps = 0; point !== NONE && steps < limit; steps++) {
      yield point;
      point = this.#next[point] as number;
    }
  }
}

function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
