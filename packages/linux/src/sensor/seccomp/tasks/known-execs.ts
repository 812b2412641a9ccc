/** The task identity that an exec gave its process, by the key under which it was decided. */
import type { Identity } from "../../acting.ts";

const MOST_KEPT = 4096;
/** Letters of the keys: a workload decides how long its paths are. */
const MOST_LETTERS = 4 * 2 ** 20;

export class KnownExecs {
  readonly #next = new Map<string, Identity>();
  #letters = 0;

  of(key: string): Identity | undefined {
    return this.#next.get(key);
  }

  keep(key: string, next: Identity): Identity {
    if (this.#next.size >= MOST_KEPT || this.#letters + key.length > MOST_LETTERS) {
      this.#next.clear();
      this.#letters = 0;
    }
    this.#letters += key.length;
    this.#next.set(key, next);
    return next;
  }
}
