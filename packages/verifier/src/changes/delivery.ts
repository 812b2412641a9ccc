/**
 * Delivery: every change that is kept, in order, to every receiver, at least once. How far a receiver has come is in the database, so any
 * verifier goes on where another one was. One verifier at a time sends to a receiver: it claims it for longer than a sending takes.
 */
import type { Fleet } from "../fleet/index.ts";
import {
  beginReceiver,
  changesAfter,
  claimReceiver,
  LONGEST_WAIT_SECONDS,
  type ReceiverRow,
  settleReceiver,
} from "../store/index.ts";
import type { Receiver } from "./receiver.ts";

const AT_ONCE = 100;
const CLAIM_SECONDS = 30;
const LOOK_MS = 2_000;

export class Delivery {
  readonly #fleet: Fleet;
  readonly #receiver: Receiver;
  readonly #failed: (receiver: string, fault: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #unheard: (() => void) | undefined;
  #working: Promise<void> | undefined;
  #isNews = false;

  constructor(fleet: Fleet, receiver: Receiver, failed: (receiver: string, fault: unknown) => void) {
    this.#fleet = fleet;
    this.#receiver = receiver;
    this.#failed = failed;
  }

  /** What changes after this is sent. */
  async start(): Promise<void> {
    await beginReceiver(this.#fleet.store.db, this.#receiver.name);
    this.#unheard = this.#fleet.onChange(() => this.#look());
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
    this.#look();
  }

  async stop(): Promise<void> {
    this.#unheard?.();
    clearInterval(this.#timer);
    this.#isNews = false;
    await this.#working;
    await this.#receiver.close?.();
  }

  /** What comes while it works is looked at afterwards. */
  #look(): void {
    this.#isNews = this.#working !== undefined;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#isNews) this.#look();
    });
  }

  async #work(): Promise<void> {
    const { db } = this.#fleet.store;
    try {
      for (;;) {
        const claimed = await claimReceiver(db, this.#receiver.name, CLAIM_SECONDS);
        if (claimed === undefined || !(await this.#sendFrom(claimed))) return;
      }
    } catch (fault) {
      // The database does not answer: looked at again soon.
      this.#failed(this.#receiver.name, fault);
    }
  }

  /** Whether there may be more. */
  async #sendFrom({ name, sent, tries, skipped }: ReceiverRow): Promise<boolean> {
    const { db } = this.#fleet.store;
    const rows = await changesAfter(db, sent, AT_ONCE);
    try {
      if (rows.length > 0) await this.#receiver.send(rows, skipped);
    } catch (fault) {
      this.#failed(name, fault);
      const wait = Math.min(LONGEST_WAIT_SECONDS, 2 ** Math.min(tries, 10));
      await settleReceiver(db, { name, sent, tries: tries + 1, told: 0 }, wait);
      return false;
    }
    const done = rows.at(-1)?.id ?? sent;
    await settleReceiver(db, { name, sent: done, tries: 0, told: rows.length > 0 ? skipped : 0 }, 0);
    return rows.length === AT_ONCE;
  }
}
