/**
 * Signatures of nodes' keys, checked on this thread. WebCrypto hands each to another thread and makes a promise of it, which takes more of
 * the processor than the signature itself.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { EcdsaSignature, PublicArea } from "@isoline/attest/tpm";

const HASHES = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" } as const;
/** By the area of the key, as long as a node has it. */
const keys = new WeakMap<PublicArea, KeyObject>();

/** Whether an ECDSA signature is by its key. Throws for a key that is no point of its curve. */
export function verifiesEcdsa({ area, key, hash, raw, message }: EcdsaSignature): boolean {
  const known = keys.get(area) ?? createPublicKey({ key: key(), format: "jwk" });
  keys.set(area, known);
  return verify(HASHES[hash], message, { key: known, dsaEncoding: "ieee-p1363" }, raw);
}
