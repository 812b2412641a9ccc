/**
 * Appends many entries with one signature and one wait for the disk: those that come while a batch is written are the next one.
 */
import { LogError } from "../error.ts";
import { assertFits } from "../tiles/index.ts";
import type { Log } from "./log.ts";

/** No batch has more entries. */
const MOST_AT_ONCE = 4096;
/** More entries do not wait: their senders are told to come back. */
const MOST_WAITING = 65_536;

interface Waiting {
  readonly entry: Uint8Array;
  readonly done: (index: number) => void;
  readonly failed: (fault: unknown) => void;
}

export class Batches {
  readonly #log: Log;
  #waiting: Waiting[] = [];
  #isScheduled = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The index of an entry, once it is durable and signed for. */
  add(entry: Uint8Array): Promise<number> {
    return new Promise((done, failed) => {
      assertFits(entry);
      if (this.#waiting.length >= MOST_WAITING)
        throw new LogError("log-in-use", `${MOST_WAITING} entries wait already; try again later`);
      this.#waiting.push({ entry, done, failed });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      void this.#write().finally(() => {
        this.#isScheduled = false;
        this.#schedule();
      });
    });
  }

  async #write(): Promise<void> {
    const batch = this.#waiting.slice(0, MOST_AT_ONCE);
    this.#waiting = this.#waiting.slice(MOST_AT_ONCE);
    try {
      const first = await this.#log.append(batch.map(({ entry }) => entry));
      for (const [place, { done }] of batch.entries()) done(first + place);
    } catch (fault) {
      for (const { failed } of batch) failed(fault);
    }
  }
}
