/**
 * Delivery: every change that is kept, in order, to every receiver, at least once. How far a receiver has come is in the database, so any
 * verifier goes on where another one was. One verifier at a time sends to a receiver: it claims it for longer than a sending takes.
 */
import { VerifierError } from "../error.ts";
import type { Fleet } from "../fleet/index.ts";
import {
  beginReceiver,
  type ChangeRow,
  changesAfter,
  claimReceiver,
  LONGEST_WAIT_SECONDS,
  type ReceiverRow,
  settleReceiver,
} from "../store/index.ts";
import { NotTaken, type Receiver } from "./receiver.ts";

/** Half as many after each failure, so that what one receiver does not take, for its size or for one change, keeps back no others. */
const MOST_AT_ONCE = 100;
/** A change that is refused so often by itself is left out. */
const MOST_REFUSALS = 4;
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
  #atOnce = MOST_AT_ONCE;
  /** The change that was refused by itself last, and how often. Another verifier may have brought the receiver further since. */
  #refused = { id: 0, times: 0 };

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
  async #sendFrom(row: ReceiverRow): Promise<boolean> {
    const { name, sent, skipped } = row;
    const { db } = this.#fleet.store;
    const atOnce = this.#atOnce;
    const rows = await changesAfter(db, sent, atOnce);
    try {
      if (rows.length > 0) await this.#receiver.send(rows, skipped);
    } catch (fault) {
      this.#failed(name, fault);
      return this.#wasNotTaken(row, rows, fault instanceof NotTaken);
    }
    if (rows.length > 0) this.#atOnce = Math.min(MOST_AT_ONCE, atOnce * 2);
    const done = rows.at(-1)?.id ?? sent;
    await settleReceiver(db, { name, sent: done, tries: 0, told: rows.length > 0 ? skipped : 0 }, 0);
    return rows.length === atOnce;
  }

  /** Whether more is to be sent at once. */
  async #wasNotTaken(
    { name, sent, tries }: ReceiverRow,
    rows: readonly ChangeRow[],
    isRefused: boolean,
  ): Promise<boolean> {
    const { db } = this.#fleet.store;
    this.#atOnce = Math.max(1, Math.floor(rows.length / 2));
    const [first] = rows;
    if (isRefused && rows.length > 1) {
      await settleReceiver(db, { name, sent, tries, told: 0 }, 0);
      return true;
    }
    const { id = 0 } = first ?? {};
    const before = this.#refused.id === id ? this.#refused.times : 0;
    this.#refused = { id, times: isRefused ? before + 1 : 0 };
    if (first !== undefined && this.#refused.times >= MOST_REFUSALS) {
      this.#failed(name, leftOut(first));
      // The tries count on: where the receiver refuses everything, little is left out before it is set right.
      await settleReceiver(db, { name, sent: first.id, tries: tries + 1, told: -1 }, 0);
      return true;
    }
    const wait = Math.min(LONGEST_WAIT_SECONDS, 2 ** Math.min(tries, 10));
    await settleReceiver(db, { name, sent, tries: tries + 1, told: 0 }, wait);
    return false;
  }
}

const leftOut = ({ id, node }: ChangeRow) =>
  new VerifierError(
    "receiver-refused",
    `expected change ${id}, of ${node}, to be taken, got ${MOST_REFUSALS} refusals: it is left out; see the receiver's log`,
  );
