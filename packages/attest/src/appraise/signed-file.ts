/** A verifier's own file, bare or in an envelope with signatures (DSSE), whose payload is the file. */
import { parseEnvelope, preAuthenticated, type TrustedKey, verifierOf } from "@isoline/core/verify";
import { AttestError } from "../error.ts";

/** Keys one of which must have signed. Without any, a bare file is accepted. */
export type Signers = readonly TrustedKey[];

/** What is in the file. Refuses one without a signature by a trusted key, where there are such keys. */
export async function signedContent(
  bytes: Uint8Array,
  type: string,
  signers: Signers,
  what: string,
): Promise<Uint8Array> {
  const envelope = parseEnvelope(bytes);
  if (envelope === undefined) {
    if (signers.length === 0) return bytes;
    throw refused(what, `a signature by one of ${namesOf(signers)}`, "a file without one");
  }
  if (envelope.payloadType !== type)
    throw refused(what, `an envelope of type ${type}`, envelope.payloadType.slice(0, 80));
  if (signers.length === 0) return envelope.payload;
  const signed = preAuthenticated(type, envelope.payload);
  for (const signer of signers) {
    const verifies = await verifierOf(signer);
    for (const signature of envelope.signatures) if (await verifies(signature, signed)) return envelope.payload;
  }
  throw refused(what, `a signature by one of ${namesOf(signers)}`, "one by another key, or an altered file");
}

const namesOf = (signers: Signers) => signers.map(({ name }) => name).join(", ");

function refused(what: string, expected: string, got: string): AttestError {
  return new AttestError("bad-policy-file", `${what}: expected ${expected}, got ${got}; have it signed`);
}
