/** What is known of one run that a contour was learnt from. */
import type { Digest } from "../digest.ts";

/** How the state that the workload found came to be: made anew for this run, or left by earlier runs and not vouched for. */
export const starts = ["clean", "unknown"] as const;

/** One run. Two records with the same id are the same run, so a merge counts it once. */
export interface RunRecord {
  /** Sixteen lower-case hexadecimal digits, drawn at random when the run begins. */
  readonly id: string;
  /** When the run began: ISO 8601 in UTC, to the second. */
  readonly when: string;
  /** The command as the report of the run has it. */
  readonly command: string;
  /** Digest of the lens under which the run was observed. */
  readonly lens: Digest;
  readonly sensor: string;
  /** Versions of what the run depended on, by name: `kernel`, `isoline`, and tools that the caller adds. */
  readonly versions: Readonly<Record<string, string>>;
  readonly start: (typeof starts)[number];
  /** What could not be observed, by reason. A run with any is not complete. */
  readonly incomplete: Readonly<Record<string, number>>;
}
