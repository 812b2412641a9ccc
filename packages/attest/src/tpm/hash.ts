/** The hash algorithms of a TPM, in plain JavaScript: a verifier also runs in browsers. */
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import type { HashName } from "./constants.ts";

const functions = { sha1, sha256, sha384, sha512 } as const;

/** The digest of parts one after the other. */
export function hashOf(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  return functions[hash](concatBytes(...parts));
}
