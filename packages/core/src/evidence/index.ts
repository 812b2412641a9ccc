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
export { decodeEvidence, MOST_EVIDENCE_BYTES, MOST_EVIDENCE_POINTS } from "./decode.ts";
export { encodeEvidence } from "./encode.ts";
export { Evidence, type Sighting } from "./evidence.ts";
export type { Way } from "./novelty.ts";
export type { Acceptance, ReplacedAct } from "./remarks.ts";
export { type RunRecord, starts } from "./run-record.ts";
export { RunSet } from "./run-set.ts";
export { type Unseen, unseenIn } from "./unseen.ts";
