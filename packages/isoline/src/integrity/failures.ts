/** The files of a namespace that were not good, gathered from the audit records: for its report, which stands without an audit file. */
import { escapeBytes } from "@isoline/core/event";
import type { AuditRecord } from "./audit/record.ts";

/** A file that an appraisal did not find good, and why. */
export interface AppraisalFailure {
  readonly path: string;
  /** The kernel's word: `IMA-signature-required`, `invalid-signature`, … */
  readonly cause: string;
  readonly count: number;
}

/** A workload decides how many files there are. */
const MOST_FAILURES = 1000;

export class Failures {
  readonly #counts = new Map<string, { path: string; cause: string; count: number }>();
  /** How many there were of files that are not among them. */
  more = 0;

  get all(): readonly AppraisalFailure[] {
    return [...this.#counts.values()];
  }

  /** Takes what the record says of a file, if it says that the file was not good. */
  note({ type, fields }: AuditRecord): void {
    if (type !== "INTEGRITY_DATA") return;
    const of = new Map(fields);
    const name = of.get("name");
    const cause = of.get("cause");
    if (typeof name !== "object" || !("untrusted" in name) || typeof cause !== "string") return;
    const path = escapeBytes(name.untrusted);
    const known = this.#counts.get(`${cause} ${path}`);
    if (known !== undefined) known.count += 1;
    else if (this.#counts.size < MOST_FAILURES) this.#counts.set(`${cause} ${path}`, { path, cause, count: 1 });
    else this.more += 1;
  }
}
