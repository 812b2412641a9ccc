/**
 * Verdicts of many nodes, written together. A transaction that writes changes of verdicts keeps all others from writing any until it is
 * committed, so one for each verdict would be as slow as the disk: a policy that changes the verdict of a whole fleet took its verifiers
 * many minutes. What comes while transactions run goes together into the next one.
 *
 * Tenants take turns: into a transaction goes one verdict of each, then another one of each. So a verdict waits for those of its own
 * tenant, and for one of each other, however many these have. How many of a tenant wait is bounded at the door: one of each node.
 */
import type { Database } from "./connection.ts";
import { isPassing, storeGone } from "./store.ts";
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
  readonly #standing: (node: string) => number;
  readonly #writeThem: typeof writeVerdicts;
  /** By tenant, in the order of their turns. None is empty. */
  readonly #waiting = new Map<string, Waiting[]>();
  #running = 0;

  /**
   * `standing` says how many canisters a node may have: its verdict names none where it was refused or went silent, and all of them change.
   * `writeThem` is another way to write, for tests.
   */
  constructor(db: Database, standing: (node: string) => number, writeThem = writeVerdicts) {
    this.#db = db;
    this.#standing = standing;
    this.#writeThem = writeThem;
  }

  /** Returns when the verdict of a node of this tenant is written. Refuses as `writeVerdict` does. */
  write(tenant: string, write: VerdictWrite): Promise<void> {
    return new Promise((written, failed) => {
      const one = { write, written, failed };
      const before = this.#waiting.get(tenant);
      if (before === undefined) this.#waiting.set(tenant, [one]);
      else before.push(one);
      if (this.#running < TRANSACTIONS) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running++;
    while (this.#waiting.size > 0) await this.#writeTogether(this.#taken());
    this.#running--;
  }

  /** As many as go into one transaction, by turns. Whose verdict does not go into it is the first in the next one. */
  #taken(): readonly Waiting[] {
    const taken: Waiting[] = [];
    const nodes = new Set<string>();
    const sum = { canisters: 0, bytes: 0 };
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { node, canisters, evidence } = next.one.write;
      sum.canisters += canisters?.length ?? this.#standing(node);
      sum.bytes += (evidence?.evidence.length ?? 0) + (evidence?.last?.length ?? 0);
      const isFull = nodes.size === MOST.verdicts || sum.canisters > MOST.canisters || sum.bytes > MOST.bytes;
      if (taken.length > 0 && (isFull || nodes.has(node))) break;
      nodes.add(node);
      taken.push(next.one);
      this.#turn(next.tenant);
    }
    return taken;
  }

  #next(): { readonly tenant: string; readonly one: Waiting } | undefined {
    for (const [tenant, [one]] of this.#waiting) if (one !== undefined) return { tenant, one };
    return undefined;
  }

  /** The first of this tenant is taken; those of all others come before its next. */
  #turn(tenant: string): void {
    const waiting = this.#waiting.get(tenant) ?? [];
    waiting.shift();
    this.#waiting.delete(tenant);
    if (waiting.length > 0) this.#waiting.set(tenant, waiting);
  }

  async #writeTogether(some: readonly Waiting[]): Promise<void> {
    try {
      const refusals = await this.#writeThem(
        this.#db,
        some.map(({ write }) => write),
      );
      for (const [at, { written, failed }] of some.entries()) {
        const refusal = refusals[at];
        if (refusal === undefined) written();
        else failed(refusal);
      }
    } catch (fault) {
      if (some.length > 1 && (storeGone(fault) === undefined || isPassing(fault))) await this.#writeAlone(some);
      else for (const { failed } of some) failed(fault);
    }
  }

  /** One that cannot be written keeps no other from it. */
  async #writeAlone(some: readonly Waiting[]): Promise<void> {
    await Promise.all(some.map((one) => this.#writeTogether([one])));
  }
}
