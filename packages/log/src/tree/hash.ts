/** Hashes of a Merkle tree of RFC 6962, 2.1: SHA-256, leaves and inner nodes told apart by their first byte. */
import { createHash } from "node:crypto";

export const HASH_BYTES = 32;
const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

/** The root of a tree without a leaf: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = createHash("sha256").digest();

/** SHA-256( 0x00 ‖ entry ). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return createHash("sha256").update(LEAF).update(entry).digest();
}

/** SHA-256( 0x01 ‖ left ‖ right ). */
export function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash("sha256").update(INNER).update(left).update(right).digest();
}

export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
