/**
 * Verdicts of many nodes, written together. A transaction that writes changes of verdicts keeps all others from writing any until it is
 * committed, so one for each verdict would be as slow as the disk: a policy that changes the verdict of a whole fleet took its verifiers
 * many minutes. What comes while transactions run goes together into the next one.
 */
import type { Database } from "./connection.ts";
import { storeGone } from "./store.ts";
import { type VerdictWrite, writeVerdicts } from "./verdicts.ts";

/** While one is being committed, the next does its reading. */
const TRANSACTIONS = 3;
/** In one transaction, which has a node once. What is larger by itself is written by itself. */
const MOST = { verdicts: 64, canisters: 1000, bytes: 4 << 20 };

interface Waiting {
  readonly write: VerdictWrite;
  readonly written: () => void;
  readonly failed: (fault: unknown) => void;
}

export class VerdictQueue {
  readonly #db: Database;
  #waiting: Waiting[] = [];
  #running = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Returns when the verdict is written. Refuses as `writeVerdict` does. */
  write(write: VerdictWrite): Promise<void> {
    return new Promise((written, failed) => {
      this.#waiting.push({ write, written, failed });
      if (this.#running < TRANSACTIONS) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running++;
    while (this.#waiting.length > 0) await this.#writeTogether(this.#taken());
    this.#running--;
  }

  #taken(): readonly Waiting[] {
    const nodes = new Set<string>();
    const sum = { canisters: 0, bytes: 0 };
    const end = this.#waiting.findIndex(({ write: { node, canisters, evidence } }) => {
      sum.canisters += canisters?.length ?? 0;
      sum.bytes += evidence?.evidence.length ?? 0;
      const isFull = nodes.size === MOST.verdicts || sum.canisters > MOST.canisters || sum.bytes > MOST.bytes;
      return isFull || nodes.size === nodes.add(node).size;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }

  async #writeTogether(some: readonly Waiting[]): Promise<void> {
    try {
      const refusals = await writeVerdicts(
        this.#db,
        some.map(({ write }) => write),
      );
      for (const [at, { written, failed }] of some.entries()) {
        const refusal = refusals[at];
        if (refusal === undefined) written();
        else failed(refusal);
      }
    } catch (fault) {
      if (some.length > 1 && storeGone(fault) === undefined) await this.#writeAlone(some);
      else for (const { failed } of some) failed(fault);
    }
  }

  /** One that cannot be written keeps no other from it. */
  async #writeAlone(some: readonly Waiting[]): Promise<void> {
    await Promise.all(some.map((one) => this.#writeTogether([one])));
  }
}
