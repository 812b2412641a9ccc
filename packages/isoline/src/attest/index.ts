/** Attestation for programs: what `isoline attest evidence` and `isoline attest verify` do. */
import { randomBytes } from "node:crypto";
import { CHALLENGE_BYTES, writeEvidence } from "@isoline/attest/evidence";
import { type EvidenceOrder, makeEvidence } from "./make-evidence.ts";

export type { EvidenceOrder } from "./make-evidence.ts";
export { type Verification, type VerificationOrder, verifyEvidence as verify } from "./verify-evidence.ts";

/**
 * 32 random bytes that no evidence of the past can answer. A verifier makes them anew for each evidence that it asks for.
 *
 * @example
 * import { attest } from "isoline";
 *
 * console.log(attest.challenge().length);
 * // prints: 32
 */
export function challenge(): Uint8Array {
  return Uint8Array.from(randomBytes(CHALLENGE_BYTES));
}

/**
 * Evidence about every live namespace of this user, as bytes for a verifier (docs/spec/evidence.md). Fails with `tpm-unreachable` or
 * `tpm-refused` where the TPM that was named cannot sign it.
 *
 * @example
 * import { attest } from "isoline";
 *
 * const challenge = attest.challenge();
 * const evidence = await attest.evidence({ challenge });
 * console.log(evidence.length > challenge.length);
 * // prints: true
 */
export async function evidence(order: EvidenceOrder): Promise<Uint8Array> {
  return writeEvidence(await makeEvidence(order));
}
