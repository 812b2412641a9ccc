/** What is said of a namespace that a process began for itself, and how much. */
import type { ContourState } from "../../namespace/live.ts";
import type { Loss } from "../../namespace/report.ts";

/** A contour is sent, because the agent must not read files for strangers with its own rights. */
export const MOST_CONTOUR_BYTES = 1024 * 1024;
/** Bytes of the frame that begins a namespace: the contour in base64, the policy, and the command for display. */
export const MOST_BEGIN_FRAME = 2 * 1024 * 1024;

/** One line of a list. */
export interface BegunName {
  readonly name: string;
  /** Of the process that began it. */
  readonly user: number;
  /** Of its first process. */
  readonly pid: number;
  /** `silent` if it does not answer. */
  readonly mode: string;
  readonly command: string;
}

export interface BegunState extends BegunName {
  readonly isoline: 1;
  readonly contour: ContourState;
  /** Whether it takes no policy any more. */
  readonly sealed: boolean;
  /** The rules of its IMA policy, one a line; empty if it has none. */
  readonly policy: string;
  /** Entries of its measurement list. */
  readonly measured: number;
  readonly violations: number;
  readonly events: number;
  readonly off: number;
  readonly refused: number;
  readonly processes: number;
  readonly incomplete: readonly Loss[];
}
