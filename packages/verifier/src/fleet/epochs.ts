/**
 * The revocation epoch, as this verifier knows it. A result carries it, so a relying party that knows a later one refuses the result.
 *
 * What memory knows may be behind the database for a moment, and never before it. A node is revoked by its owner, in the same turns as
 * it is judged. So a result for a node from before its revocation carries an earlier epoch, at whichever verifier it was signed.
 */
import type { RevocationEpoch } from "@isoline/attest/appraise";
import { VerifierError } from "../error.ts";
import { type Database, presentEpoch } from "../store/index.ts";
import type { Lease } from "./lease.ts";

/** Signs an epoch as the present one. */
export type SignEpoch = (epoch: RevocationEpoch, now: Date) => Promise<string>;

/** A token is given to all who ask for as long, so a crowd that asks costs one signature. */
const SAME_TOKEN_MS = 10_000;

interface Signed {
  readonly epoch: number;
  readonly at: number;
  readonly token: string;
}

export class Epochs {
  readonly #db: Database;
  readonly #lease: Lease;
  readonly #sign: SignEpoch;
  #present: RevocationEpoch = { epoch: 0, raised: new Date(0) };
  #signed: Signed | undefined;

  constructor(db: Database, lease: Lease, sign: SignEpoch) {
    this.#db = db;
    this.#lease = lease;
    this.#sign = sign;
  }

  get present(): RevocationEpoch {
    return this.#present;
  }

  /** Looks what the database has. */
  async read(): Promise<void> {
    this.raised(await presentEpoch(this.#db));
  }

  /** An epoch that the database has. */
  raised(epoch: RevocationEpoch): void {
    if (epoch.epoch >= this.#present.epoch) this.#present = epoch;
  }

  /**
   * The present epoch, signed. Refuses with `store-unreachable` where this verifier's lease has run out: then it does not know whether
   * there is a later one.
   */
  async signed(): Promise<RevocationEpoch & { readonly token: string }> {
    if (!this.#lease.isHeld)
      throw new VerifierError(
        "store-unreachable",
        "this verifier cannot reach its database, so it does not know the present epoch; try again in a few seconds",
      );
    const present = this.#present;
    const at = performance.now();
    const kept = this.#signed;
    if (kept?.epoch === present.epoch && at - kept.at < SAME_TOKEN_MS) return { ...present, token: kept.token };
    const token = await this.#sign(present, new Date());
    this.#signed = { epoch: present.epoch, at, token };
    return { ...present, token };
  }
}
