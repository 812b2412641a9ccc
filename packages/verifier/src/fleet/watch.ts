/** Liveness: a node that this verifier owns and that has sent nothing for too long becomes stale, with its canisters. */
import { VerifierError } from "../error.ts";
import { isPassing, storeGone, type VerdictQueue } from "../store/index.ts";
import type { Lease } from "./lease.ts";
import { isWatched, type OwnedNode } from "./owned-node.ts";
import type { Ownership } from "./ownership.ts";
import type { Pace } from "./pace.ts";
import { Wheel } from "./wheel.ts";

const TRY_AGAIN_SECONDS = 2;
/** Nodes that went silent together are marked together. */
const AT_ONCE = 256;

export class Watch {
  readonly #verdicts: VerdictQueue;
  readonly #lease: Lease;
  readonly #ownership: Ownership;
  readonly #pace: Pace;
  readonly #failed: (fault: unknown) => void;
  readonly #wheel: Wheel;

  /** `failed` is told of what the database undid, though it is there. */
  constructor(
    verdicts: VerdictQueue,
    lease: Lease,
    ownership: Ownership,
    pace: Pace,
    failed: (fault: unknown) => void = () => {},
  ) {
    this.#verdicts = verdicts;
    this.#lease = lease;
    this.#ownership = ownership;
    this.#pace = pace;
    this.#failed = failed;
    this.#wheel = new Wheel((names) => void this.#collect(names), performance.now());
  }

  get size(): number {
    return this.#wheel.size;
  }

  /** Seconds. What another verifier told a node is not known. */
  #patience({ due }: OwnedNode): number {
    return this.#pace.patience(due ?? this.#pace.presumed);
  }

  /** Its evidence has just been judged. */
  saw(node: OwnedNode): void {
    node.silent = performance.now();
    this.#wheel.set(node.name, this.#patience(node));
  }

  /**
   * This verifier owns a node from now on. The time in which it was silent at another verifier counts: otherwise it could go from one to
   * the other, by requests that prove nothing, and never become stale.
   */
  watch(node: OwnedNode): void {
    const { name } = node;
    const left = this.#patience(node) - node.silentMs() / 1000;
    if (left > 0) this.#wheel.set(name, left);
    else void this.#markOrLookAgain(name);
  }

  /** This verifier is no longer the one that watches it. */
  unwatch(name: string): void {
    this.#wheel.remove(name);
  }

  clear(): void {
    this.#wheel.clear();
  }

  start(): void {
    this.#wheel.start();
  }

  stop(): void {
    this.#wheel.stop();
  }

  async #collect(names: readonly string[]): Promise<void> {
    for (let at = 0; at < names.length; at += AT_ONCE)
      await Promise.all(names.slice(at, at + AT_ONCE).map((name) => this.#markOrLookAgain(name)));
  }

  async #markOrLookAgain(name: string): Promise<void> {
    const node = this.#ownership.present(name);
    if (node === undefined) return this.#lookAgainUnlessHeld(name);
    try {
      await this.#mark(node);
    } catch (fault) {
      // It was revoked, or its owner watches it: what is here of it is old.
      if (fault instanceof VerifierError) return this.#ownership.forget(node);
      if (storeGone(fault) === undefined) throw fault;
      // The database is gone or has too much to do, and it is looked at again soon.
      if (isPassing(fault)) this.#failed(fault);
      if (this.#ownership.present(name) !== undefined) this.#wheel.set(name, TRY_AGAIN_SECONDS);
      else this.#lookAgainUnlessHeld(name);
    }
  }

  /** While the lease is not held, no node is present. It may be renewed yet, and this verifier alone watches the node then. */
  #lookAgainUnlessHeld(name: string): void {
    if (!this.#lease.isHeld) this.#wheel.set(name, TRY_AGAIN_SECONDS);
  }

  async #mark(node: OwnedNode): Promise<void> {
    const { name } = node;
    await node.alone(async () => {
      // Its evidence was being judged when it was due; or it was given back and came anew, and that one is watched.
      if (this.#wheel.has(name)) return;
      if (this.#ownership.present(name) !== node) return this.#lookAgainUnlessHeld(name);
      if (!isWatched(node.state)) return;
      const why = `no evidence for ${Math.round(this.#patience(node))} seconds; see whether the node runs and reaches a verifier`;
      const verdict = { state: "stale", failure: "unreachable", why } as const;
      // Should the answer of the database be lost: the next evidence is news, whatever was written.
      node.imprint = null;
      await this.#verdicts.write(node.tenant, {
        node: name,
        verifier: node.owner,
        at: new Date(),
        verdict,
        columns: { ...(node.isAhead && { seen: node.seen ?? null }) },
        canisters: undefined,
        others: verdict,
      });
      node.state = "stale";
    });
  }
}
