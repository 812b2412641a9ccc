/** That the caller has the private key of the SVID: the key signs what is asked for. */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { VerifierError } from "../error.ts";

const CURVES: ReadonlySet<unknown> = new Set(["prime256v1", "secp384r1"]);

/**
 * The key, as it will stand in the certificate. Refuses with `bad-request` bytes that are not the one encoding of a key for ECDSA on
 * P-256 or P-384, and a proof that this key did not make.
 */
export function possessedKey(spki: Uint8Array, statement: Uint8Array, proof: Uint8Array): Uint8Array {
  const key = keyIn(spki);
  const der = key?.export({ type: "spki", format: "der" });
  if (key === undefined || der === undefined || !der.equals(spki))
    throw refused("a key for ECDSA on P-256 or P-384, as SubjectPublicKeyInfo in DER with a named curve");
  if (!isProof(key, statement, proof))
    throw refused("a signature by the key of the SVID, over what docs/spec/svid.md says");
  return der;
}

function keyIn(spki: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), type: "spki", format: "der" });
    return CURVES.has(key.asymmetricKeyDetails?.namedCurve) ? key : undefined;
  } catch {
    return undefined;
  }
}

function isProof(key: KeyObject, statement: Uint8Array, proof: Uint8Array): boolean {
  try {
    return verify("sha256", statement, key, proof);
  } catch {
    return false;
  }
}

const refused = (expected: string) =>
  new VerifierError("bad-request", `expected ${expected}, got something else; ask anew with isoline fleet svid`);
