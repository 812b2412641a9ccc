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
    bucket.left = this.#leftIn(bucket, now);
    bucket.at = now;
    if (this.#buckets.size > MOST_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value as string);
    this.#assertOne(bucket.left);
    bucket.left--;
  }

  /** The same refusal, of a caller who is not counted: what it asks for is counted once it is known to be refused. */
  assertLeft(caller: string, now = performance.now()): void {
    const bucket = this.#buckets.get(caller);
    if (bucket !== undefined) this.#assertOne(this.#leftIn(bucket, now));
  }

  /** Counts a request no longer: what it asked for was not done. */
  giveBack(caller: string): void {
    const bucket = this.#buckets.get(caller);
    if (bucket !== undefined) bucket.left = Math.min(this.#burst, bucket.left + 1);
  }

  #leftIn({ left, at }: Bucket, now: number): number {
    return Math.min(this.#burst, left + ((now - at) / 1000) * this.#perSecond);
  }

  #assertOne(left: number): void {
    if (left < 1) throw new TooMany(Math.max(1, Math.ceil((1 - left) / this.#perSecond)));
  }
}
