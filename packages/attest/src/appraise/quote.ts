/**
 * What a quote proves: that the TPM with this attestation key had these registers when it answered this challenge, and that it was
 * not started anew or rewound since the last accepted quote.
 *
 * The order is that of the checks: nothing of a quote is believed before its signature, and nothing after a check that failed.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { AttestError } from "../error.ts";
import { equal } from "../cbor/index.ts";
import { decode } from "../tpm/codec.ts";
import { GENERATED, type HashName, objectAttributes } from "../tpm/constants.ts";
import { hashOf } from "../tpm/hash.ts";
import { nameOf } from "../tpm/names.ts";
import { isSignedBy, type VerifiesEcdsa } from "../tpm/signed-by.ts";
import { attest, type Attest, type PublicArea, type Signature } from "../tpm/structures.ts";

/** What the verifier asked for, and what it knows of the node. */
export interface QuoteQuestion {
  /** The attestation key that was enrolled. */
  readonly key: PublicArea;
  /** The qualifying data that the node was to have signed. */
  readonly challenge: Uint8Array;
  /** The bank and the registers, ascending. No other selection is accepted. */
  readonly hash: HashName;
  readonly registers: readonly number[];
  /** The clock of the last accepted quote; none for the first. */
  readonly last?: QuoteClock | undefined;
}

export interface QuoteClock {
  /** Milliseconds that the TPM was powered since it was last cleared. */
  readonly clock: bigint;
  readonly resetCount: number;
  readonly restartCount: number;
}

/** What the node sent. `message` and `values` are believed only because of the signature. */
export interface QuoteAnswer {
  readonly message: Uint8Array;
  readonly signature: Signature;
  /** The registers' values, in the order of the question. */
  readonly values: readonly Uint8Array[];
}

export interface ProvenRegisters {
  readonly registers: ReadonlyMap<number, Uint8Array>;
  readonly clock: QuoteClock;
  readonly firmwareVersion: bigint;
  /** False after a power loss: the clock may have been set back by up to its last saved value. */
  readonly isClockSafe: boolean;
}

/** A key that signs whatever it is given proves nothing: it must be restricted, and must never leave its TPM. */
const NEEDED =
  objectAttributes.restricted | objectAttributes.sign | objectAttributes.fixedTPM | objectAttributes.fixedParent;
const FORBIDDEN = objectAttributes.decrypt;

export async function appraiseQuote(
  question: QuoteQuestion,
  answer: QuoteAnswer,
  verifiesEcdsa?: VerifiesEcdsa,
): Promise<ProvenRegisters> {
  assertAttestationKey(question.key);
  if (!(await isSignedBy(question.key, answer.message, answer.signature, verifiesEcdsa)))
    throw broken("the quote is not signed by the attestation key");
  return signedQuote(question, answer);
}

/** What a message says. Only for one whose signature and whose key were checked before: by itself it proves nothing. */
export function signedQuote(question: QuoteQuestion, answer: QuoteAnswer): ProvenRegisters {
  const told = decode(attest, answer.message);
  if (told.magic !== GENERATED) throw broken("the message was not made by a TPM");
  assertAnswers(told, question.challenge);
  const { attested } = told;
  if (attested.is !== "quote") throw broken(`the message is no quote but ${attested.is}`);
  assertSelection(attested.value.pcrs, question);
  assertValues(attested.value.digest, answer, question);
  assertForward(told.clockInfo, question.last);
  return {
    registers: new Map(question.registers.map((register, index) => [register, answer.values[index] as Uint8Array])),
    clock: told.clockInfo,
    firmwareVersion: told.firmwareVersion,
    isClockSafe: told.clockInfo.safe,
  };
}

/** Refuses a key that could sign what a TPM did not make. Its Name, which was enrolled, covers the attributes. */
export function assertAttestationKey(key: PublicArea): void {
  const { attributes } = key.value;
  if ((attributes & NEEDED) !== NEEDED || (attributes & FORBIDDEN) !== 0)
    throw broken(
      `key ${bytesToHex(nameOf(key)).slice(0, 16)}… may sign what the TPM did not make (attributes 0x${attributes.toString(16)})`,
    );
}

function assertAnswers({ extraData }: Attest, challenge: Uint8Array): void {
  if (!equal(extraData, challenge)) throw broken("it answers another challenge, or is about another statement");
}

function assertSelection(
  selected: readonly { readonly hash: HashName; readonly registers: readonly number[] }[],
  { hash, registers }: QuoteQuestion,
): void {
  const [only] = selected;
  const isExact = selected.length === 1 && only?.hash === hash && only.registers.join() === registers.join();
  if (!isExact)
    throw broken(
      `expected registers ${registers.join()} of ${hash}, the quote is about ${selected.map((each) => `${each.registers.join()} of ${each.hash}`).join(" and ") || "none"}`,
    );
}

/** The digest in a quote is over the values one after the other, by the hash of the signing scheme (part 3, 18.4). */
function assertValues(digest: Uint8Array, { values, signature }: QuoteAnswer, { registers }: QuoteQuestion): void {
  if (values.length !== registers.length)
    throw broken(`expected ${registers.length} register values, got ${values.length}`);
  if (!equal(digest, hashOf(signature.value.hash, ...values)))
    throw broken("the register values are not those that the quote is about");
}

/**
 * Within one start of the TPM the clock only goes forward; a new start has a greater count of resets. A suspend counts restarts
 * and is no alarm.
 */
export function assertForward(now: QuoteClock, last: QuoteClock | undefined): void {
  if (last === undefined) return;
  const isForward =
    now.resetCount > last.resetCount ||
    (now.resetCount === last.resetCount && now.restartCount >= last.restartCount && now.clock > last.clock);
  if (!isForward)
    throw new AttestError(
      "rolled-back",
      `expected a quote after reset ${last.resetCount}, clock ${last.clock}; got reset ${now.resetCount}, clock ${now.clock}; ` +
        "find out why the TPM's counters went back before you trust this node again",
    );
}

function broken(why: string): AttestError {
  return new AttestError("broken-evidence", `this evidence proves nothing: ${why}; ask the node for new evidence`);
}
