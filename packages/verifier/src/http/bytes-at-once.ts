/** Bytes that are in memory at a time, for each payer: many callers of one tenant, or from one address, share what they have. */
import { VerifierError } from "../error.ts";

export interface Payer {
  /** Who share. */
  readonly all: string;
  /** Which of them it is: no one has all for itself. Left out where that is not known. */
  readonly one?: string;
}

/** What one of those who share may have. */
const PART = 4;

export class BytesAtOnce {
  readonly #most: number;
  readonly #held = new Map<string, number>();

  /** `most` bytes for all who share. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Refuses with `too-many` where this would be more than the payer may have; what it has already ends sooner or later. */
  async run<T>(payer: Payer, bytes: number, work: () => Promise<T>): Promise<T> {
    const end = this.begin(payer, bytes);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** The same for bytes that do not go with a promise: gives what ends it. */
  begin({ all, one }: Payer, bytes: number): () => void {
    if (one !== undefined) this.#assertLeft(one, bytes, this.#most / PART, "this caller");
    this.#assertLeft(all, bytes, this.#most, "this tenant or address");
    const payers = one === undefined ? [all] : [all, one];
    for (const payer of payers) this.#add(payer, bytes);
    return () => {
      for (const payer of payers) this.#add(payer, -bytes);
    };
  }

  #assertLeft(payer: string, bytes: number, most: number, who: string): void {
    const before = this.#held.get(payer) ?? 0;
    // Of who has nothing, more is taken as well: else it could never have what is longer.
    if (before > 0 && before + bytes > most)
      throw new VerifierError(
        "too-many",
        `expected at most ${most} bytes at a time of ${who}, got ${bytes} beside ${before}; ask again when some have ended`,
      );
  }

  #add(payer: string, bytes: number): void {
    const held = (this.#held.get(payer) ?? 0) + bytes;
    if (held > 0) this.#held.set(payer, held);
    else this.#held.delete(payer);
  }
}
