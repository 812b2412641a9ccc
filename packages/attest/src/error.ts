/** Every refusal of this package, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core/error";

export const attestErrors = {
  "bad-tpm-structure":
    "Bytes that should be a structure of a TPM are truncated, too long, or hold a value that has no meaning.",
  "bad-event-log": "A log of measured boot is truncated, or is not one.",
  "bad-kernel-image":
    "A unified kernel image is truncated, is not one, or leaves another value in PCR 11 on another machine.",
  "bad-evidence-format": "Bytes that should be evidence are damaged, too long, or not in their one encoding.",
  "bad-ledger": "A ledger is damaged, does not fit the TPM, or was not written by a supervisor.",
  "bad-enrolment": "A document of an enrolment is damaged, or its answer does not prove the key of the node.",
  "bad-certificate": "A certificate or revocation list is truncated, or not of the form that it must have.",
  "bad-tee-report":
    "A report of a confidential virtual machine, or its maker's statement about it, is truncated or means nothing.",
  "broken-evidence": "Evidence is not what the enrolled keys signed, or not about what was asked.",
  "stale-evidence": "Evidence answers another challenge than the one that was given.",
  "bad-policy-file": "A policy or reference values of a verifier cannot be read, or are not signed by a trusted key.",
  "old-result":
    "A result of a verifier is from before a revocation, or a revocation epoch is not the newest that is known.",
  equivocation: "Two statements of one node contradict each other.",
  "incomplete-evidence": "Evidence lacks something that the policy asks for, or says that something was not observed.",
  "off-contour": "A canister did what its contour does not permit.",
  "otlp-failed": "A receiver of OTLP did not take metrics; the program that pushed them goes on without.",
  "rolled-back": "The counters of a TPM went back since its last accepted evidence.",
  "tpm-refused": "A TPM answered a command with an error.",
  "tpm-unreachable": "A TPM cannot be reached, or stopped answering.",
  "tee-refused": "The kernel gave no report of a confidential virtual machine.",
  "untrusted-tee":
    "A report of a confidential virtual machine leads to no trusted maker, or the machine is not one to trust.",
  "unknown-contour": "A canister runs under a contour, or by rules, that the verifier does not accept.",
  "untrusted-endorsement": "The endorsement key of a TPM has no certificate that leads to a trusted maker.",
  "untrusted-platform": "A node is not enrolled, or did not boot or run what the verifier accepts.",
} as const;

export type AttestErrorCode = keyof typeof attestErrors;

/** A refusal of the attest package. */
export class AttestError extends IsolineError<AttestErrorCode> {}
