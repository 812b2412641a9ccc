/** Every refusal of this package, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core/error";

export const attestErrors = {
  "bad-tpm-structure":
    "Bytes that should be a structure of a TPM are truncated, too long, or hold a value that has no meaning.",
  "bad-event-log": "A log of measured boot is truncated, or is not one.",
  "bad-evidence-format": "Bytes that should be evidence are damaged, too long, or not in their one encoding.",
  "bad-ledger": "A ledger is damaged, does not fit the TPM, or was not written by a supervisor.",
  "bad-enrolment": "A document of an enrolment is damaged, or its answer does not prove that the key is in the TPM.",
  "broken-evidence": "Evidence is not what the enrolled keys signed, or not about what was asked.",
  "stale-evidence": "Evidence answers another challenge than the one that was given.",
  "rolled-back": "The counters of a TPM went back since its last accepted evidence.",
  "tpm-refused": "A TPM answered a command with an error.",
  "tpm-unreachable": "A TPM cannot be reached, or stopped answering.",
  "untrusted-endorsement": "The endorsement key of a TPM has no certificate that leads to a trusted maker.",
} as const;

export type AttestErrorCode = keyof typeof attestErrors;

/** A refusal of the attest package. */
export class AttestError extends IsolineError<AttestErrorCode> {}
