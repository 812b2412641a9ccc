/**
 * How a ledger names namespaces: by what only the host can compute from a label, and everyone can check who is told the label. So a
 * tenant finds each birth of its own label, and of the labels of its neighbours nothing but that they are others.
 *
 *   proof = RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2), by the key of the ledger, over "isoline label 1" ‖ label in UTF-8
 *   name  = SHA-256( "isoline name 1" ‖ proof )
 *
 * A label has one proof under a key that a supervisor made, so a host cannot give a birth of the same label another name: it is the
 * verifiable random function of RFC 9381, 4, with the padding that WebCrypto has. That has trusted uniqueness only, as the RFC says. Root
 * that makes the key of a ledger before its first record can choose a modulus n for which 65537 divides φ(n). A label then has several
 * valid proofs, or none, and `isProofOf` cannot see it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { base64url, subtle } from "../x509/index.ts";

/** Of the modulus of the key, and of a proof: RSA-2048. */
export const NAMING_BYTES = 256;
/** The public exponent of each such key: 65537. */
const EXPONENT = "AQAB";
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
const [LABEL, NAME] = ["isoline label 1", "isoline name 1"].map(utf8ToBytes) as [Uint8Array, Uint8Array];

/** What the key of a ledger signs for a label. */
export function labelStatement(label: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(concatBytes(LABEL, utf8ToBytes(label)));
}

/** The name that a label with this proof has in the ledger. */
export function nameBy(proof: Uint8Array): Uint8Array {
  return sha256(concatBytes(NAME, proof));
}

/** Whether a proof is that of a label, under the key with this modulus. It is the only one if a supervisor made the key. */
export async function isProofOf(label: string, proof: Uint8Array, modulus: Uint8Array): Promise<boolean> {
  if (proof.length !== NAMING_BYTES || modulus.length !== NAMING_BYTES || ((modulus[0] ?? 0) & 0x80) === 0)
    return false;
  try {
    const key = { kty: "RSA", e: EXPONENT, n: base64url(modulus) };
    const imported = await subtle().importKey("jwk", key, ALGORITHM, false, ["verify"]);
    return await subtle().verify(ALGORITHM, imported, Uint8Array.from(proof), labelStatement(label));
  } catch {
    // A modulus that WebCrypto does not take has signed nothing.
    return false;
  }
}
