/** Work of each caller, or of each tenant, so many pieces at a time, that none has the memory or the processor for itself alone. */
import { VerifierError } from "../error.ts";

export class AtOnce {
  readonly #what: string;
  readonly #most: number;
  readonly #running = new Map<string, number>();

  /** `what` is done, in words. */
  constructor(what: string, most = 1) {
    this.#what = what;
    this.#most = most;
  }

  /** Refuses with `too-many` where as much work of this one runs already; undefined stands for people of all tenants. */
  async run<T>(one: string | undefined, work: () => Promise<T>): Promise<T> {
    const end = this.begin(one);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** The same for work that does not end with a promise: gives what ends it. */
  begin(one: string | undefined): () => void {
    const whose = one ?? "*";
    const running = this.#running.get(whose) ?? 0;
    if (running >= this.#most)
      throw new VerifierError("too-many", `expected ${this.#what} at a time, got another; ask again when it has ended`);
    this.#running.set(whose, running + 1);
    return () => {
      const left = (this.#running.get(whose) ?? 1) - 1;
      if (left > 0) this.#running.set(whose, left);
      else this.#running.delete(whose);
    };
  }
}
