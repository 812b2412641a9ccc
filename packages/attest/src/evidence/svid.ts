/** What a node says when it asks for an X.509-SVID: docs/spec/svid.md. The new key signs it, and the node's TPM quotes its digest. */
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { AttestError } from "../error.ts";
import { CHALLENGE_BYTES } from "./evidence.ts";

const FIRST = utf8ToBytes("isoline svid 1");
const MOST_LABEL_BYTES = 0xffff;

/**
 * "isoline svid 1" ‖ challenge ‖ u16 length of the label ‖ label in UTF-8 ‖ key.
 *
 * `challenge` has 32 bytes, `label` is the canister's, or none for the node itself, `key` is the SubjectPublicKeyInfo in DER. The length
 * is big-endian; a label is never empty, so 0 says that there is none. Refuses other lengths with `bad-evidence-format`.
 */
export function svidStatement(challenge: Uint8Array, label: string | undefined, key: Uint8Array): Uint8Array {
  const told = utf8ToBytes(label ?? "");
  if (challenge.length !== CHALLENGE_BYTES || told.length > MOST_LABEL_BYTES)
    throw new AttestError(
      "bad-evidence-format",
      `expected a challenge of ${CHALLENGE_BYTES} bytes and a label of at most ${MOST_LABEL_BYTES}, got ${challenge.length} and ${told.length}; ask anew`,
    );
  return concatBytes(FIRST, challenge, Uint8Array.of(told.length >> 8, told.length & 0xff), told, key);
}
