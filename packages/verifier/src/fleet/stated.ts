/** What a verifier states of itself: contours that count, signers, births and ledgers. */
import { createHash, createPublicKey } from "node:crypto";
import type { Accepted, References } from "@isoline/attest/appraise";
import { LedgerReplay, recordsIn } from "@isoline/attest/register";
import { parseContour } from "@isoline/core/contour";
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

/** The portable state of a contour file's points. */
export const contourState = (file: Uint8Array): string =>
  parseContour(Buffer.from(file).toString("utf8")).stateUnder(ZERO_DIGEST, ZERO_DIGEST);

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

/** What is new in the ledger of a node whose TPM vouches for it: births, and its head. */
export function ledgerNews(
  node: string,
  file: Uint8Array | undefined,
  before: Accepted | undefined,
  now: Accepted | undefined,
): readonly (SaidOf<"birth"> | SaidOf<"head">)[] {
  const boot = now?.clock?.resetCount;
  if (file === undefined || now?.ledger === undefined || boot === undefined) return [];
  const isSameBoot = before?.clock?.resetCount === boot;
  const known = isSameBoot ? before?.ledger : undefined;
  if (known?.digest === now.ledger.digest) return [];
  const replay = new LedgerReplay();
  const births: SaidOf<"birth">[] = [];
  let at = 0;
  for (const encoded of recordsIn(file)) {
    const record = replay.add(encoded);
    const isBirth = record.kind === "begin" || record.kind === "birth";
    if (isBirth && at >= (known?.bytes ?? 0))
      births.push({
        kind: "birth",
        node,
        boot,
        record: record.sequence,
        register: Buffer.from(record.register).toString("hex"),
      });
    at += LENGTH_BYTES + encoded.length;
  }
  return [...births, { kind: "head", node, boot, ...now.ledger }];
}

/** Before each record stands its length (docs/spec/ledger.md). */
const LENGTH_BYTES = 2;
