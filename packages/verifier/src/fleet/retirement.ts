/**
 * Nodes that leave: those that were silent for too long, and those that a person retires. Any verifier may end at any moment: what is
 * written of one node is written together, and what is due is looked for again after each renewal of the lease.
 */
import { readAccepted, writeAccepted } from "@isoline/attest/appraise";
import { VerifierError } from "../error.ts";
import {
  assertRetirable,
  collectNodes,
  type Database,
  forgetGone,
  type Gone,
  goneIn,
  isPassing,
  type NodeRow,
  retireNode,
  storeGone,
} from "../store/index.ts";
import type { KeptLogs } from "./kept-logs.ts";
import type { Lease } from "./lease.ts";
import type { Ownership } from "./ownership.ts";
import type { ReplayedLedgers } from "./replayed-ledgers.ts";
import type { Watch } from "./watch.ts";

/** In one transaction, which takes fewer of them where they have much. */
const AT_ONCE = 64;
/** For so long nodes are collected before the database is left to others for a while. */
const COLLECTING_MS = 1000;
/** So many that cannot be collected are passed over at a time. */
const MOST_PASSED_OVER = 8;
/** A verifier that died is waited for. */
const TAKE_MS = 10_000;

export interface RetirementParts {
  readonly db: Database;
  readonly lease: Lease;
  readonly ownership: Ownership;
  readonly watch: Watch;
  readonly logs: KeptLogs;
  readonly ledgers: ReplayedLedgers;
  /** Days of silence after which a node is collected; undefined: never. */
  readonly days: number | undefined;
  /** Seconds in which each node that lives sends evidence, as is known by now. */
  readonly patience: () => number;
  /** Told what the database undid, though it is there. */
  readonly failed?: ((fault: unknown) => void) | undefined;
  /** Told how many nodes left, for the metrics. */
  readonly left?: ((which: "collected" | "retired", nodes: number) => void) | undefined;
}

export class Retirement {
  readonly #parts: RetirementParts;
  /** From when on nodes can be heard, by the clock of `performance.now()`. */
  #hears = 0;
  /** How many are tried in one transaction: fewer after one that was undone, also the next time. */
  #most = AT_ONCE;
  #isOver = false;
  #collecting: Promise<void> | undefined;

  constructor(parts: RetirementParts) {
    this.#parts = parts;
    this.waitForNodes();
  }

  /** No verifier may have been heard until now, for however long: a node that lives has time to say so before any is collected. */
  waitForNodes(): void {
    this.#hears = performance.now();
  }

  /** Collects beside all other work, where it is not doing so already. What does not succeed is tried again the next time. */
  begin(): void {
    this.#collecting ??= this.collect()
      .catch(() => {})
      .finally(() => (this.#collecting = undefined));
  }

  /** Begins no more, and waits for what is being collected. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#collecting;
  }

  /** Collects what is due, for a second; the rest the next time. Throws where the database does not answer. */
  async collect(): Promise<void> {
    const { db, days } = this.#parts;
    if (days !== undefined) await this.#collectDue(days);
    await forgetGone(db);
  }

  /** The lease may end while nodes are collected: those that live have time anew to be heard. */
  get #mayCollect(): boolean {
    const { lease, patience } = this.#parts;
    return !this.#isOver && lease.isHeld && performance.now() >= this.#hears + patience() * 1000;
  }

  async #collectDue(days: number): Promise<void> {
    const { db, lease, failed = () => {} } = this.#parts;
    const pastOf = (row: NodeRow) => this.#pastOf(row);
    let until = performance.now() + COLLECTING_MS;
    for (let skip = 0; this.#mayCollect && performance.now() < until; ) {
      try {
        const nodes = await collectNodes(db, { verifier: lease.id, days, most: this.#most, skip, pastOf });
        if (nodes.length === 0) return;
        this.#left("collected", nodes);
        this.#most = Math.min(AT_ONCE, this.#most * 2);
      } catch (fault) {
        if (storeGone(fault) !== undefined && !isPassing(fault)) throw fault;
        failed(fault);
        // One that cannot be collected keeps no other from it, however long it took to fail.
        if (this.#most > 1) this.#most = Math.floor(this.#most / 2);
        else if (++skip === MOST_PASSED_OVER) return;
        until = performance.now() + COLLECTING_MS;
      }
    }
  }

  /**
   * Takes a node away, and gives it as it was. Refuses with `not-found` one that is not there any more, and with `conflict` one that is
   * revoked, and without `isForced` one that is neither stale nor unknown.
   */
  async retire(seen: NodeRow, { who, isForced }: { who: string; isForced: boolean }): Promise<NodeRow> {
    const { db, ownership } = this.#parts;
    assertRetirable(seen, isForced);
    let gone: NodeRow | undefined;
    await ownership.alone(seen.name, TAKE_MS, async (node) => {
      // Should the answer of the database be lost: the next evidence is news, which is refused where the node is gone.
      [node.imprint, node.given, node.affirmed] = [null, undefined, undefined];
      const pastOf = (row: NodeRow) => this.#pastOf(row);
      gone = await retireNode(db, { node: seen, verifier: node.owner, who, isForced, pastOf });
      if (gone !== undefined) this.#left("retired", [gone]);
    });
    if (gone === undefined)
      throw new VerifierError("not-found", `no node ${seen.name} is enrolled any more; see isoline fleet nodes`);
    return gone;
  }

  /** A node is gone, whichever verifier took it away. */
  heard(message: string): void {
    const gone = goneIn(message);
    if (gone !== undefined) this.#forget(gone);
  }

  #left(which: "collected" | "retired", nodes: readonly NodeRow[]): void {
    for (const node of nodes) this.#forget(node);
    this.#parts.left?.(which, nodes.length);
  }

  #forget(gone: Gone): void {
    const { ownership, watch, logs, ledgers } = this.#parts;
    // Another node of that name may be watched by now.
    if (ownership.dropGone(gone)) watch.unwatch(gone.name);
    logs.drop(gone.id);
    ledgers.drop(gone.id);
  }

  /**
   * The TPM goes on counting while the node is gone. What canisters said counts for their boot, and is told of them anew. Memory is asked
   * only where it is known to be ahead: what was written last may be newer, where the answer of the database was lost.
   */
  #pastOf(row: NodeRow): string | undefined {
    const present = this.#parts.ownership.present(row.name);
    const newest = present?.token === row.token && present.isAhead ? present.accepted : undefined;
    const accepted = newest ?? (row.accepted === null ? undefined : readAccepted(row.accepted));
    return accepted?.clock === undefined ? undefined : writeAccepted({ ...accepted, canisters: [] });
  }
}
