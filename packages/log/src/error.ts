/** Every refusal of this package, by code; `docs/errors.md` is generated from this table. */
import { IsolineError } from "@isoline/core/error";

export const logErrors = {
  "bad-note":
    "A signed note, a checkpoint or a key of one is damaged, or not in the form that its specification asks for.",
  "unsigned-note": "A note carries no signature of a key that is trusted for it, or one that does not verify.",
  "bad-proof": "A proof does not lead to the root that the checkpoint names.",
  "bad-policy": "A policy of logs and witnesses is damaged, or says something that cannot be.",
  "forked-log": "A log shows another history than it showed before.",
  "old-checkpoint": "A log, or a cache before it, shows a true checkpoint that is older than the last one.",
  "broken-log": "The files of a log do not fit its checkpoint.",
  "log-in-use": "Another process appends to this log.",
  "too-large": "An entry is larger than a log takes.",
  "bad-statement": "An entry of a log begins as a statement of a fleet, and is damaged or not in its one form.",
  "object-store": "An object store cannot be reached, refuses, or does not do what a log needs of it.",
  "no-memory": "The directory of a witness has no record of the checkpoints that this witness signed.",
  "witness-refused": "A witness refused to sign a checkpoint, or its answer is not understood.",
} as const;

export type LogErrorCode = keyof typeof logErrors;

/** A refusal of the log package. */
export class LogError extends IsolineError<LogErrorCode> {}
