/** Every refusal of this package, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core/error";

export const verifierErrors = {
  "bad-configuration": "The configuration of a verifier is damaged, or says something that cannot be.",
} as const;

export type VerifierErrorCode = keyof typeof verifierErrors;

/** A refusal of the verifier package. */
export class VerifierError extends IsolineError<VerifierErrorCode> {}
