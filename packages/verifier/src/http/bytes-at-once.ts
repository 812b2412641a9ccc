/** Bytes of bodies that are in memory at a time, for each payer: many callers of one tenant, or from one address, share what they have. */
import { VerifierError } from "../error.ts";

export class BytesAtOnce {
  readonly #most: number;
  readonly #held = new Map<string, number>();

  /** `most` bytes for each payer. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Refuses with `too-many` where this would be more than the payer may have; what it has already ends sooner or later. */
  async run<T>(payer: string, bytes: number, work: () => Promise<T>): Promise<T> {
    const before = this.#held.get(payer) ?? 0;
    if (before + bytes > this.#most)
      throw new VerifierError(
        "too-many",
        `expected at most ${this.#most} bytes at a time of this tenant or address, got ${bytes} beside ${before}; ask again when some have ended`,
      );
    this.#held.set(payer, before + bytes);
    try {
      return await work();
    } finally {
      const left = (this.#held.get(payer) ?? bytes) - bytes;
      if (left > 0) this.#held.set(payer, left);
      else this.#held.delete(payer);
    }
  }
}
