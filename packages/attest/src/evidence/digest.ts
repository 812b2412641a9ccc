/** Digests of evidence: SHA-256 over a text that says what is hashed, then the bytes, so that none can stand for another. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";

/** What is hashed, as the first bytes of each digest. */
export const domains = {
  node: "isoline node body 1",
  canister: "isoline canister body 1",
  evidence: "isoline evidence 1",
} as const;

/** SHA-256( domain ‖ parts ). Every part but the last has a fixed length. */
export function digestOf(domain: keyof typeof domains, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(domains[domain]), ...parts));
}
