/** What a verifier states of itself: contours that count, signers, births and ledgers. */
import { createHash, createPublicKey } from "node:crypto";
import type { Accepted, References } from "@isoline/attest/appraise";
import { type LedgerRecord, recordsIn } from "@isoline/attest/register";
import { type AnyContour, parseContour } from "@isoline/core/contour";
import { ZERO_DIGEST } from "@isoline/core/digest";
import { parseEnvelope, preAuthenticated, type TrustedKey, verifierOf } from "@isoline/core/verify";
import type { SaidOf } from "@isoline/log/statement";

type ContourReference = References["contours"][number];

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** The digests of the trusted keys that signed a file; none for a bare one. */
export async function signersOf(file: Uint8Array, keys: readonly TrustedKey[]): Promise<readonly string[]> {
  const envelope = parseEnvelope(file);
  if (envelope === undefined) return [];
  const signed = preAuthenticated(envelope.payloadType, envelope.payload);
  const signers: string[] = [];
  for (const key of keys) {
    const verifies = await verifierOf(key);
    const answers = await Promise.all(envelope.signatures.map((one) => verifies(one, signed)));
    if (answers.includes(true)) signers.push(sha256(createPublicKey(key.pem).export({ type: "spki", format: "der" })));
  }
  return signers;
}

export const contourIn = (file: Uint8Array): AnyContour => parseContour(Buffer.from(file).toString("utf8"));

/** The portable state of a contour's points. */
export const contourState = (contour: AnyContour): string => contour.stateUnder(ZERO_DIGEST, ZERO_DIGEST);

/** What is withdrawn and published when the contours that reference values name become others. */
export function publications(
  before: readonly ContourReference[],
  after: readonly ContourReference[],
): readonly (SaidOf<"withdraw-contour"> | SaidOf<"publish-contour">)[] {
  const key = (one: ContourReference) => JSON.stringify([one.name, one.contour, one.state, [...one.images].sort()]);
  const [old, now] = [new Set(before.map(key)), new Set(after.map(key))];
  const gone = before.filter((one) => !now.has(key(one)));
  // A withdrawal is of the file, also where it counts under another name.
  const withdrawn = new Set(gone.map(({ contour }) => contour));
  const added = after.filter((one) => !old.has(key(one)) || withdrawn.has(one.contour));
  return [
    ...gone.map(({ name, contour }) => ({ kind: "withdraw-contour", name, digest: contour }) as const),
    ...added.map(
      ({ name, contour, state, images }) =>
        ({ kind: "publish-contour", name, digest: contour, state, image: images, signer: [] }) as const,
    ),
  ];
}

type LedgerStatement = SaidOf<"birth"> | SaidOf<"head">;

/**
 * What is new in the ledger of a node whose TPM vouches for it: births, and its head. What was accepted before is known for sure only in
 * the transaction that writes, under locks on which others wait, so all that takes time is done here.
 */
export function ledgerNews(
  node: string,
  led: { readonly file: Uint8Array; readonly records: readonly LedgerRecord[] } | undefined,
  now: Accepted | undefined,
): (before: Accepted | undefined) => readonly LedgerStatement[] {
  const boot = now?.clock?.resetCount;
  const head = now?.ledger;
  if (led === undefined || head === undefined || boot === undefined) return () => [];
  // A birth behind the head was written, and the TPM has it not yet: it is stated when it has.
  const births = birthsIn(led).filter(({ at }) => at < head.bytes);
  return (before) => {
    const known = before?.clock?.resetCount === boot ? before.ledger : undefined;
    if (known?.digest === head.digest) return [];
    const later = births.filter(({ at }) => at >= (known?.bytes ?? 0));
    return [
      ...later.map(({ record, register }) => ({ kind: "birth", node, boot, record, register }) as const),
      { kind: "head", node, boot, ...head },
    ];
  };
}

/** With the byte that each begins at. */
function birthsIn({ file, records }: { readonly file: Uint8Array; readonly records: readonly LedgerRecord[] }) {
  const births: { readonly at: number; readonly record: number; readonly register: string }[] = [];
  let at = 0;
  for (const [sequence, encoded] of recordsIn(file).entries()) {
    const record = records[sequence];
    if (record?.kind === "begin" || record?.kind === "birth")
      births.push({ at, record: sequence, register: Buffer.from(record.register).toString("hex") });
    at += LENGTH_BYTES + encoded.length;
  }
  return births;
}

/** Before each record stands its length (docs/spec/ledger.md). */
const LENGTH_BYTES = 2;
