/** How many requests a caller may send: a bucket for each, which refills by time. */
import { VerifierError } from "../error.ts";

/** No more buckets are kept. The ones that were filled the longest ago are dropped: their callers have waited. */
const MOST_BUCKETS = 100_000;

interface Bucket {
  left: number;
  at: number;
}

export class TooMany extends VerifierError {
  /** Seconds to wait. */
  readonly seconds: number;

  constructor(seconds: number) {
    super("too-many", `too many requests; try again in ${seconds} seconds`);
    this.seconds = seconds;
  }
}

export class Limits {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Counts a request of a caller; refuses with `too-many` where its bucket is empty. */
  count(caller: string, now = performance.now()): void {
    const bucket = this.#buckets.get(caller) ?? { left: this.#burst, at: now };
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    bucket.left = Math.min(this.#burst, bucket.left + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    if (this.#buckets.size > MOST_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value as string);
    if (bucket.left < 1) throw new TooMany(Math.max(1, Math.ceil((1 - bucket.left) / this.#perSecond)));
    bucket.left--;
  }
}
