/** Decisions on their way to a reader. A slow reader must not make this process's memory grow: decisions that do not fit are counted. */
import type { EventLine, LiveEvent } from "../namespace/live.ts";

const MOST_WAITING = 10_000;

export class EventQueue implements AsyncIterable<EventLine> {
  readonly #waiting: EventLine[] = [];
  #lost = 0;
  #isOver = false;
  #wake: () => void = () => {};

  push(event: LiveEvent): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lost += 1;
      return;
    }
    if (this.#lost > 0) this.#waiting.push({ lost: this.#lost });
    this.#lost = 0;
    this.#waiting.push(event);
    this.#wake();
  }

  /** Decisions that are queued can still be read; then the queue ends. */
  end(): void {
    this.#isOver = true;
    if (this.#lost > 0) this.#waiting.push({ lost: this.#lost });
    this.#lost = 0;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EventLine> {
    for (;;) {
      yield* this.#waiting.splice(0);
      if (this.#waiting.length > 0) continue;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
