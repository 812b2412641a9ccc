/** The task identity that an exec gave its process, by the key under which it was decided. */
import type { Identity } from "../../acting.ts";

const MOST_KEPT = 4096;

export class KnownExecs {
  readonly #next = new Map<string, Identity>();

  of(key: string): Identity | undefined {
    return this.#next.get(key);
  }

  keep(key: string, next: Identity): Identity {
    if (this.#next.size >= MOST_KEPT) this.#next.clear();
    this.#next.set(key, next);
    return next;
  }
}
