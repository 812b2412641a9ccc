/** Which runs saw each point of a contour, and what follows from it. */
export { type Cause, causes } from "./causes.ts";
export {
  type CauseShare,
  type Confidence,
  confidenceOf,
  type Estimate,
  estimateOf,
  type Needed,
  type ProgramShare,
  type Share,
  TARGETS,
} from "./confidence.ts";
export { Evidence, type Sighting } from "./evidence.ts";
export type { Way } from "./novelty.ts";
export { type RunRecord, starts } from "./run-record.ts";
export { RunSet } from "./run-set.ts";
