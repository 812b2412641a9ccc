import type { Time } from "../../packages/verifier/src/fleet/time.ts";

/** Time that passes when a test says so, for what sets its next timer at the end of each act, as a lease does. */
export class VirtualTime implements Time {
  #now = 0;
  #date = 1_700_000_000_000;
  #timers: { at: number; act: () => void }[] = [];
  #set: () => void = () => undefined;

  now = (): number => this.#now;
  date = (): number => this.#date;

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#now + ms, act };
    this.#timers.push(timer);
    this.#set();
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Moves the clocks alone, each for itself: a machine was paused, or its time of day was set. */
  move(by: { now?: number; date?: number }): void {
    this.#now += by.now ?? 0;
    this.#date += by.date ?? 0;
  }

  /** Lets both clocks go on, and every act happen at its time and come to its end. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at);
      const to = Math.max(this.#now, next?.at ?? end);
      this.move({ now: to - this.#now, date: to - this.#now });
      if (next === undefined) return;
      this.#timers = this.#timers.filter((one) => one !== next);
      const isSetAgain = new Promise<void>((resolve) => {
        this.#set = resolve;
      });
      next.act();
      await isSetAgain;
    }
  }
}
