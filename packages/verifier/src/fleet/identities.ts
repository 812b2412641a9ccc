/**
 * X.509-SVIDs for nodes and canisters that are affirmed. An SVID says no more than the attestation before it, and ends with it: it is
 * given only while the last evidence of the node counts. It is for a key that the node's TPM has vouched for in the same boot, or that a
 * new report of its confidential machine is about.
 */
import { createHash } from "node:crypto";
import { appraiseQuote, QUOTED_REGISTERS } from "@isoline/attest/appraise";
import type { MachineReport } from "@isoline/attest/enrol";
import { readQuote, svidStatement } from "@isoline/attest/evidence";
import { decode, type PublicArea, signature } from "@isoline/attest/tpm";
import type { ChallengeKeys } from "../challenge/challenge.ts";
import { VerifierError } from "../error.ts";
import { possessedKey, type Svid, type SvidAuthority } from "../svid/index.ts";
import type { EnrolledAs } from "./enrolled-as.ts";
import { machineShown } from "./machine-proof.ts";
import type { OwnedNode } from "./owned-node.ts";
import { elsewhere, type Ownership } from "./ownership.ts";
import type { Pace } from "./pace.ts";
import type { Rules } from "./rules.ts";

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
  readonly quote: Uint8Array | undefined;
  /** Of a node without a TPM: a report about the statement, and a signature by the node's own key over it. */
  readonly report: (MachineReport & { readonly proof: Uint8Array }) | undefined;
}

export interface IdentitiesParts {
  readonly ownership: Ownership;
  readonly rules: Rules;
  readonly challenges: ChallengeKeys;
  readonly pace: Pace;
}

export class Identities {
  readonly authority: SvidAuthority;
  readonly #parts: IdentitiesParts;

  constructor(authority: SvidAuthority, parts: IdentitiesParts) {
    this.authority = authority;
    this.#parts = parts;
  }

  /** Refuses with `not-allowed` where the last evidence does not affirm whose SVID it is to be. */
  issue(node: OwnedNode, order: SvidOrder): Promise<Svid> {
    return node.alone(async () => {
      const { challenge, canister, key, proof } = order;
      const { challenges, pace, ownership } = this.#parts;
      const now = new Date();
      challenges.assertOurs(challenge, node.id, now, pace.patience(node.due ?? pace.due(node.tenant)));
      const until = affirmedUntil(node, canister, now);
      const statement = svidStatement(challenge, canister, key);
      const possessed = possessedKey(key, statement, proof);
      const { enrolled } = node;
      if (enrolled.is === "tpm") await assertQuoted(node, enrolled.attestationKey, order.quote, statement);
      else await this.#assertReported(node, enrolled, order.report, statement, now);
      // After the lease ran out, another verifier may have heard worse of the node.
      if (ownership.present(node.name) !== node) throw elsewhere(node.name, "the lease of this verifier ran out");
      return this.authority.issue({ tenant: node.tenant, node: node.name, canister }, possessed, until, now);
    });
  }

  /** The machine that was enrolled has vouched for this statement, and the node's key is there. */
  async #assertReported(
    node: OwnedNode,
    { key, machine }: EnrolledAs & { readonly is: "tee" },
    report: SvidOrder["report"],
    statement: Uint8Array,
    now: Date,
  ): Promise<void> {
    if (report === undefined) throw lacking(`a report, since ${node.name} has no TPM`, "none");
    possessedKey(key, statement, report.proof, "of the node");
    const shown = await machineShown({ report, statement, key }, node, this.#parts.rules, now);
    if (shown !== machine)
      throw new VerifierError(
        "not-allowed",
        `expected a report of the machine that was enrolled, ${machine}, got one of ${shown}; enrol the node anew`,
      );
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

/** The TPM that attested has vouched for this statement: after the attestation, and with no restart in between. */
async function assertQuoted(
  { name, accepted }: OwnedNode,
  key: PublicArea,
  encoded: Uint8Array | undefined,
  statement: Uint8Array,
): Promise<void> {
  const last = accepted?.clock;
  if (encoded === undefined) throw lacking(`a quote by the TPM of ${name}`, "none");
  if (last === undefined) throw lacking(`${name} to have attested with a quote`, "evidence without");
  const { message, signature: signed, registers } = readQuote(encoded);
  const challenge = Uint8Array.from(createHash("sha256").update(statement).digest());
  const { clock } = await appraiseQuote(
    { key, challenge, hash: "sha256", registers: QUOTED_REGISTERS, last },
    { message, signature: decode(signature, signed), values: registers.map(({ value }) => value) },
  );
  // A restart may be another boot as well as a suspend: only evidence tells them apart.
  if (clock.resetCount !== last.resetCount || clock.restartCount !== last.restartCount)
    throw new VerifierError(
      "conflict",
      `expected a quote of the boot that was attested, got one from after a reset or restart of the TPM; attest first`,
    );
}

const lacking = (expected: string, got: string) =>
  new VerifierError("not-allowed", `expected ${expected}, got ${got}; ask anew with isoline fleet svid`);
