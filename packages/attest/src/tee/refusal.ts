/** The refusals of reports, each with what to do next. */
import { AttestError } from "../error.ts";

/** Bytes that are no report. */
export function badReport(why: string): AttestError {
  return new AttestError(
    "bad-tee-report",
    `not a report of a confidential virtual machine: ${why}; ask the machine for a new report`,
  );
}

/** A report that is not what its maker's key signed, or not about what was asked. */
export function brokenReport(why: string): AttestError {
  return new AttestError("broken-evidence", `this report proves nothing: ${why}; ask the machine for a new report`);
}
