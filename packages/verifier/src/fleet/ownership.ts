/**
 * Which nodes this verifier owns. One verifier at a time owns a node: it alone knows what the node said last, and it alone judges what
 * comes next. Any other takes a node over by one row: at once where no live verifier owns it, after asking where one does.
 */
import { setTimeout as wait } from "node:timers/promises";
import { VerifierError } from "../error.ts";
import {
  adoptNodes,
  askForRelease,
  claimNode,
  type Database,
  type Gone,
  releaseAsWritten,
  releaseNodes,
  type TakenNode,
  watchedBy,
} from "../store/index.ts";
import type { Lease } from "./lease.ts";
import { OwnedNode } from "./owned-node.ts";

const ADOPTED_AT_ONCE = 5000;
const LOOK_AGAIN_MS = 50;
/** For so long nodes that went astray are taken again, one by one: others wait meanwhile. */
const TAKING_MS = 5000;

/** For how long a node was silent while it could be heard, under the lease that owned it last. */
interface Silence {
  readonly owner: string;
  readonly ms: number;
}

export class Ownership {
  readonly #db: Database;
  readonly #lease: Lease;
  readonly #owned: (node: OwnedNode) => void;
  readonly #nodes = new Map<string, OwnedNode>();
  readonly #claims = new Map<string, Promise<OwnedNode | undefined>>();
  /** How many wait for a node urgently, by its name: a claim of it that goes on already asks for them. */
  readonly #urgent = new Map<string, number>();
  /** Nodes that are being given back. A claim waits for that: it would be given up with what was before it. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Of nodes that were owned when a lease was lost, by their names: silence does not begin anew with each lease. */
  readonly #silences = new Map<string, Silence>();
  #adopting = 0;
  #isAnyAstray = false;

  /** `owned` is told of each node that this verifier owns from then on. */
  constructor(db: Database, lease: Lease, owned: (node: OwnedNode) => void) {
    this.#db = db;
    this.#lease = lease;
    this.#owned = owned;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** A node that is in memory, while the lease is held. */
  present(name: string): OwnedNode | undefined {
    return this.#lease.isHeld ? this.#nodes.get(name) : undefined;
  }

  /** All nodes in memory. */
  all(): IterableIterator<OwnedNode> {
    return this.#nodes.values();
  }

  /**
   * A node that this verifier owns, or owns from now on; undefined where there is no such node. Refuses with `owned-elsewhere` where
   * another verifier has not given it back within so many milliseconds, or where the lease is over.
   */
  async take(name: string, patienceMs = 1000): Promise<OwnedNode | undefined> {
    const present = this.present(name);
    if (present !== undefined) return present;
    const claim = this.#claims.get(name) ?? this.#claim(name, patienceMs).finally(() => this.#claims.delete(name));
    this.#claims.set(name, claim);
    return await claim;
  }

  async #claim(name: string, patienceMs: number): Promise<OwnedNode | undefined> {
    for (const until = performance.now() + patienceMs; ; ) {
      await this.#leaving.get(name);
      const claimant = this.#lease.id;
      if (!this.#lease.isHeld) throw elsewhere(name, "this verifier cannot reach its database");
      const row = await this.#claimed(claimNode(this.#db, name, claimant));
      if (row === undefined) return undefined;
      // By the database's clock, which may have been set forward: the next renewal begins another.
      if (row === "lease-over") throw elsewhere(name, "the lease of this verifier is over");
      if (!("ownedBy" in row)) {
        this.#took(row);
        if (claimant !== this.#lease.id) continue;
        // It may have been adopted meanwhile: there is one of it, which knows how long it is silent.
        return this.#nodes.get(name) ?? this.#own(row);
      }
      if (performance.now() > until) throw elsewhere(name, "another verifier holds what it said last");
      await askForRelease(this.#db, row.ownedBy, name, this.#urgent.has(name));
      await wait(LOOK_AGAIN_MS);
    }
  }

  /**
   * Does work on a node that people decided; false where there is no such node. Evidence that waits is refused for it. While it waits, the
   * node may be given back and come anew: then the work is on that one, which answers from then on. What is written behind its back, it
   * would write over.
   */
  async alone(name: string, patienceMs: number, work: (node: OwnedNode) => Promise<void>): Promise<boolean> {
    for (const until = performance.now() + patienceMs; ; ) {
      const node = await this.#taken(name, until);
      if (node === undefined) return false;
      const isDone = await node.urgent(async () => {
        if (this.present(name) !== node) return false;
        await work(node);
        return true;
      });
      if (isDone) return true;
      if (performance.now() > until) throw elsewhere(name, "it goes from one verifier to another");
    }
  }

  /** Takes a node urgently: at another verifier, evidence of it that waits is refused, to be sent again. */
  async #taken(name: string, until: number): Promise<OwnedNode | undefined> {
    this.#urgent.set(name, (this.#urgent.get(name) ?? 0) + 1);
    try {
      for (;;) {
        // A claim that goes on may have less patience.
        const joined = this.#claims.has(name);
        try {
          return await this.take(name, Math.max(until - performance.now(), 0));
        } catch (error) {
          if (!joined || performance.now() > until) throw error;
        }
      }
    } finally {
      const others = (this.#urgent.get(name) ?? 1) - 1;
      if (others > 0) this.#urgent.set(name, others);
      else this.#urgent.delete(name);
    }
  }

  /** Where no answer comes, it is not known whether anything became ours. */
  async #claimed<T>(claim: Promise<T>): Promise<T> {
    try {
      return await claim;
    } catch (fault) {
      this.#wentAstray();
      throw fault;
    }
  }

  /** What is known of its silence counts where no other verifier has owned it since. */
  #took({ name, owner, was }: TakenNode): void {
    const silence = this.#silences.get(name);
    if (silence === undefined) return;
    if (owner !== null && (was === silence.owner || was === owner)) this.#silences.set(name, { ...silence, owner });
    else this.#silences.delete(name);
  }

  #own(row: TakenNode): OwnedNode {
    // What is written of its silence was true when this verifier took it; what was in memory is newer.
    const node = new OwnedNode(row, this.#silences.get(row.name)?.ms ?? row.silentMs ?? 0);
    this.#silences.delete(node.name);
    this.#nodes.set(node.name, node);
    this.#owned(node);
    return node;
  }

  /**
   * Gives a node back, if the request was meant for us. Work on it that has begun is finished first, unless that waits and the request is
   * urgent: the other verifier is about to revoke the node.
   */
  async release(message: string): Promise<void> {
    const [verifier, name = "", how] = message.split(" ");
    if (verifier !== this.#lease.id) return;
    const node = this.#nodes.get(name);
    if (node !== undefined) {
      const leave = async () => {
        if (this.#nodes.get(name) === node)
          await this.#leave(name, () => releaseNodes(this.#db, verifier, [node.released(node.silentMs())]), node);
      };
      await (how === "urgently" ? node.urgent(leave) : node.alone(leave));
      // One that was forgotten is ours all the same, unless the answer that takes it over is still on its way.
    } else if (this.#adopting === 0) {
      const known = this.#silences.get(name);
      const silentMs = known?.owner === verifier ? known.ms : undefined;
      await this.#leave(name, () => releaseAsWritten(this.#db, verifier, name, silentMs));
    }
  }

  /** Not where it is being claimed, or given back already: the other verifier asks again. `node` is what was in memory of it. */
  async #leave(name: string, release: () => Promise<void>, node?: OwnedNode): Promise<void> {
    if (this.#claims.has(name) || this.#leaving.has(name)) return;
    this.#nodes.delete(name);
    const released = release();
    const ended = released.catch(() => this.#wentAstray(node)).finally(() => this.#leaving.delete(name));
    this.#leaving.set(name, ended);
    await released;
  }

  /** A node may be ours without being in memory: it could not be given back, or the answer was lost that made it ours. */
  #wentAstray(node?: OwnedNode): void {
    this.#isAnyAstray = true;
    if (node !== undefined) this.#silences.set(node.name, { owner: node.owner, ms: node.silentMs() });
  }

  /** Takes such nodes again: else they would be watched by none for as long as this verifier lives. */
  async #takeAstray(): Promise<void> {
    this.#isAnyAstray = false;
    const claimant = this.#lease.id;
    const until = performance.now() + TAKING_MS;
    try {
      for (const name of await watchedBy(this.#db, claimant)) {
        if (claimant !== this.#lease.id) return;
        if (performance.now() > until) this.#isAnyAstray = true;
        if (this.#isAnyAstray) return;
        await this.take(name, 0).catch(unlessElsewhere);
      }
    } catch (fault) {
      this.#isAnyAstray = true;
      throw fault;
    }
  }

  /** Takes over what no live verifier owns, so many at once; whether that was all. */
  async adopt(): Promise<boolean> {
    const claimant = this.#lease.id;
    this.#adopting++;
    const rows = await this.#claimed(adoptNodes(this.#db, claimant, ADOPTED_AT_ONCE)).finally(() => this.#adopting--);
    for (const row of rows) this.#took(row);
    // The lease was lost meanwhile: others may own them by now.
    if (claimant !== this.#lease.id) return true;
    for (const row of rows) if (!this.#nodes.has(row.name)) this.#own(row);
    if (this.#isAnyAstray) await this.#takeAstray();
    return rows.length < ADOPTED_AT_ONCE;
  }

  /** Drops what is in memory of a node: it is read again. */
  forget(node: OwnedNode): void {
    if (this.#nodes.get(node.name) === node) this.#nodes.delete(node.name);
  }

  /** Drops a node that is gone, by its token: whether it was in memory. One that was enrolled under its name since stays. */
  dropGone({ name, token }: Gone): boolean {
    // That of a later node of its name goes with it, and is asked of the database then.
    this.#silences.delete(name);
    if (this.#nodes.get(name)?.token !== token) return false;
    this.#nodes.delete(name);
    return true;
  }

  /**
   * Drops what is in memory of a node that the database knows otherwise, and gives it back as it is written. It would be ours all the same,
   * and watched by none until it is heard.
   */
  async giveUp(node: OwnedNode): Promise<void> {
    const { name, owner } = node;
    if (this.#nodes.get(name) !== node) return;
    this.forget(node);
    await this.#leave(name, () => releaseAsWritten(this.#db, owner, name, node.silentMs()), node);
  }

  /**
   * Drops everything: the lease was lost, so others may own it already. How long each node was silent is kept, up to when the lease ended,
   * by `performance.now()`: since then it could not be heard.
   */
  forgetAll(ended = performance.now()): void {
    for (const node of this.#nodes.values())
      this.#silences.set(node.name, { owner: node.owner, ms: node.silentMs(ended) });
    this.#nodes.clear();
  }

  /** Gives everything back, at an orderly end. */
  async releaseAll(): Promise<void> {
    const released = [...this.#nodes.values()].map((node) => node.released(null));
    this.#nodes.clear();
    await releaseNodes(this.#db, this.#lease.id, released);
  }
}

export function elsewhere(name: string, why: string): VerifierError {
  return new VerifierError("owned-elsewhere", `${name}: ${why}; send it again in a second`);
}

/** Another verifier has it by now, and watches it. */
function unlessElsewhere(fault: unknown): void {
  if (!(fault instanceof VerifierError && fault.code === "owned-elsewhere")) throw fault;
}
