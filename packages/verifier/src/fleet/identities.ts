/**
 * X.509-SVIDs for nodes and canisters that are affirmed. An SVID says no more than the attestation before it, and ends with it: it is
 * given only while the last evidence of the node counts, for a key that the node's TPM has vouched for in the same boot.
 */
import { createHash } from "node:crypto";
import { appraiseQuote, QUOTED_REGISTERS } from "@isoline/attest/appraise";
import { readQuote, svidStatement } from "@isoline/attest/evidence";
import { decode, signature } from "@isoline/attest/tpm";
import type { ChallengeKeys } from "../challenge/challenge.ts";
import { VerifierError } from "../error.ts";
import { possessedKey, type Svid, type SvidAuthority } from "../svid/index.ts";
import type { Timing } from "./attestation.ts";
import type { OwnedNode } from "./owned-node.ts";
import { elsewhere, type Ownership } from "./ownership.ts";

export interface SvidOrder {
  /** 32 bytes that the verifier gave to this node. */
  readonly challenge: Uint8Array;
  /** The label of a canister; undefined: for the node itself. */
  readonly canister: string | undefined;
  /** SubjectPublicKeyInfo in DER. */
  readonly key: Uint8Array;
  /** ECDSA with SHA-256 by that key over the statement (docs/spec/svid.md). */
  readonly proof: Uint8Array;
  /** A quote by the node's attestation key over the digest of the statement, as `@isoline/attest/evidence` writes it. */
  readonly quote: Uint8Array;
}

export class Identities {
  readonly authority: SvidAuthority;
  readonly #ownership: Ownership;
  readonly #challenges: ChallengeKeys;
  readonly #timing: Timing;

  constructor(authority: SvidAuthority, ownership: Ownership, challenges: ChallengeKeys, timing: Timing) {
    this.authority = authority;
    this.#ownership = ownership;
    this.#challenges = challenges;
    this.#timing = timing;
  }

  /** Refuses with `not-allowed` where the last evidence does not affirm whose SVID it is to be. */
  issue(node: OwnedNode, order: SvidOrder): Promise<Svid> {
    return node.alone(async () => {
      const { challenge, canister, key, proof, quote } = order;
      const now = new Date();
      this.#challenges.assertOurs(challenge, node.id, now, this.#timing.stale);
      const until = affirmedUntil(node, canister, now);
      const statement = svidStatement(challenge, canister, key);
      const possessed = possessedKey(key, statement, proof);
      await assertQuoted(node, quote, statement);
      // After the lease ran out, another verifier may have heard worse of the node.
      if (this.#ownership.present(node.name) !== node) throw elsewhere(node.name, "the lease of this verifier ran out");
      return this.authority.issue({ tenant: node.tenant, node: node.name, canister }, possessed, until, now);
    });
  }
}

function affirmedUntil({ name, state, affirmed }: OwnedNode, canister: string | undefined, now: Date): Date {
  if (state !== "affirming" || affirmed === undefined || affirmed.until <= now)
    throw new VerifierError(
      "not-allowed",
      `expected an attestation of ${name} that affirms it and has not ended, got ${state === "affirming" ? "none here" : state}; attest, then ask again`,
    );
  if (canister !== undefined && !affirmed.canisters.has(canister))
    throw new VerifierError(
      "not-allowed",
      `expected a canister that the last evidence of ${name} affirms, got ${JSON.stringify(canister.slice(0, 60))}; see isoline fleet why`,
    );
  return affirmed.until;
}

/** The TPM that attested has vouched for this statement: after the attestation, and in the same boot. */
async function assertQuoted({ name, key, accepted }: OwnedNode, encoded: Uint8Array, statement: Uint8Array) {
  const last = accepted?.clock;
  if (last === undefined)
    throw new VerifierError("not-allowed", `expected a node with a TPM, got ${name} without; SVIDs need one`);
  const { message, signature: signed, registers } = readQuote(encoded);
  const challenge = Uint8Array.from(createHash("sha256").update(statement).digest());
  const { clock } = await appraiseQuote(
    { key, challenge, hash: "sha256", registers: QUOTED_REGISTERS, last },
    { message, signature: decode(signature, signed), values: registers.map(({ value }) => value) },
  );
  if (clock.resetCount !== last.resetCount)
    throw new VerifierError(
      "conflict",
      `expected a quote of the boot that was attested, got one of another; attest first`,
    );
}
