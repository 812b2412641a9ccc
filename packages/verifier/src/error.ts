/** Every refusal of this package, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core/error";

export const verifierErrors = {
  "bad-configuration": "The configuration of a verifier is damaged, or says something that cannot be.",
  "bad-request": "A request to a verifier is damaged, or says something that cannot be.",
  "unknown-caller": "A request carries no token or certificate that the verifier knows.",
  "not-allowed": "The caller of a verifier is known, and may not do this.",
  "not-found": "A verifier has nothing of this name, or nothing that the caller may see.",
  conflict: "A request contradicts what the verifier has already.",
  "challenge-refused":
    "Evidence answers a challenge that this verifier did not give to this node, or gave too long ago.",
  "full-log-needed":
    "Evidence leaves out logs that this verifier has not in memory, or not any more; it is to be sent whole.",
  "too-large": "A request to a verifier has more bytes than it takes.",
  "too-many": "A caller sent more requests to a verifier than it may; it is to wait as long as the answer says.",
  "store-in-use": "Another process has opened the directory of an embedded store.",
  "store-unreachable":
    "The database of a verifier does not answer, or not in time; nothing was lost that was acknowledged.",
  "provider-unreachable": "The OpenID provider that knows the people of a verifier does not answer, or is another one.",
  "receiver-refused": "A receiver of changes refused them; they are sent again later.",
  "owned-elsewhere":
    "Another verifier holds what this node said last, or will soon; the request is to be sent again in a second.",
  "unsafe-secret":
    "A secret of a verifier, or what it trusts, is another user's, or others can read, change or replace it.",
} as const;

export type VerifierErrorCode = keyof typeof verifierErrors;

/** A refusal of the verifier package. */
export class VerifierError extends IsolineError<VerifierErrorCode> {}
