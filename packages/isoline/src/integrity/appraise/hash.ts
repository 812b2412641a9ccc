import { createHash } from "node:crypto";
import type { HashAlgorithm } from "../hash-algorithms.ts";

/** Digest of bytes in memory; undefined if this Node lacks the algorithm. */
export function hashOf({ node }: HashAlgorithm, bytes: Uint8Array): Buffer | undefined {
  return node === undefined ? undefined : createHash(node).update(bytes).digest();
}
