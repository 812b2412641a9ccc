/**
 * Activation: the verifier sends a secret that only the TPM with the certified endorsement key can open, and only if the
 * attestation key is in it as well. The node sends the secret back (TPM 2.0 Library, part 1, 24).
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { AttestError } from "../error.ts";
import { type Credential, makeCredential } from "../tpm/credential.ts";
import { assertEndorsed, type Makers } from "../tpm/endorsement.ts";
import { nameOf } from "../tpm/names.ts";
import { base64, bytesIn, readDocument, textIn, writeDocument } from "./document.ts";
import { type Endorsement, type EnrolmentRequest, nodeIdOf } from "./request.ts";

/** What the verifier sends. */
export interface Activation extends Credential {
  readonly node: string;
  /** The kind of the endorsement key that opens it. */
  readonly endorsement: Endorsement["public"]["is"];
}

export interface ActivationAnswer {
  readonly node: string;
  readonly secret: Uint8Array;
}

const CHALLENGE = "enrolment challenge 1";
const ANSWER = "enrolment answer 1";
const SECRET_BYTES = 32;
const ID = /^[0-9a-f]{64}$/;

/**
 * Makes the challenge for a request. The first endorsement key that a trusted maker certified is used; where there is none, the
 * refusal is that of the last one.
 */
export function challengeFor(
  { attestationKey, endorsements }: EnrolmentRequest,
  makers: Makers,
  now: Date,
): { readonly activation: Activation; readonly secret: Uint8Array; readonly endorsement: Endorsement } {
  const endorsement = firstTrusted(endorsements, makers, now);
  const secret = Uint8Array.from(randomBytes(SECRET_BYTES));
  const credential = makeCredential(endorsement.public, nameOf(attestationKey), secret);
  const activation = { node: nodeIdOf(attestationKey), endorsement: endorsement.public.is, ...credential };
  return { activation, secret, endorsement };
}

/** Refuses an answer for another node, or with another secret. */
export function assertActivated(answer: ActivationAnswer, node: string, secret: Uint8Array): void {
  const isRight = answer.secret.length === secret.length && timingSafeEqual(answer.secret, secret);
  if (answer.node !== node || !isRight)
    throw new AttestError(
      "bad-enrolment",
      `expected the secret that the TPM of node ${node.slice(0, 16)}… alone can open, got another; begin the enrolment anew`,
    );
}

export function writeActivation({ node, endorsement, credentialBlob, secret }: Activation): string {
  return writeDocument(CHALLENGE, { node, endorsement, credential: base64(credentialBlob), secret: base64(secret) });
}

export function readActivation(bytes: Uint8Array): Activation {
  const table = readDocument(bytes, CHALLENGE, ["node", "endorsement", "credential", "secret"]);
  return {
    node: textIn(table, "node", CHALLENGE, ID),
    endorsement: textIn(table, "endorsement", CHALLENGE, /^(?:rsa|ecc)$/) as Activation["endorsement"],
    credentialBlob: bytesIn(table, "credential", CHALLENGE),
    secret: bytesIn(table, "secret", CHALLENGE),
  };
}

export function writeAnswer({ node, secret }: ActivationAnswer): string {
  return writeDocument(ANSWER, { node, secret: base64(secret) });
}

export function readAnswer(bytes: Uint8Array): ActivationAnswer {
  const table = readDocument(bytes, ANSWER, ["node", "secret"]);
  return { node: textIn(table, "node", ANSWER, ID), secret: bytesIn(table, "secret", ANSWER) };
}

function firstTrusted(endorsements: readonly Endorsement[], makers: Makers, now: Date): Endorsement {
  let refusal: unknown;
  for (const each of endorsements) {
    try {
      assertEndorsed(each.public, each.certificate, makers, now);
      return each;
    } catch (fault) {
      refusal = fault;
    }
  }
  throw refusal;
}
