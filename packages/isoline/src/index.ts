/** isoline as a library: docs/api.md. */
export { IsolineError } from "@isoline/core/error";
export type { AnyContour, ContourDiff, LonePoint, RuleLine } from "@isoline/core/contour";
export type { EventLine, LiveEvent, ProcessReport, Snapshot } from "./namespace/live.ts";
export type { DepartureReport, Exit, IntegrityReport, Loss, RunReport, Verdict } from "./namespace/report.ts";
export type { SensorChoice } from "./namespace/sensor-choice.ts";
export * as attest from "./attest/index.ts";
export { amendNamespace, type AmendedNamespace } from "./library/amend.ts";
export type { AcceptOptions, Accepted, Answer, Pruned, Updated } from "./library/amending.ts";
export type { UpdateOptions } from "./library/update/update.ts";
export * as contours from "./library/contours.ts";
export { type Counts, type Result, Run } from "./library/run.ts";
export type { CutShort } from "./store/checkpoint.ts";
export { type Verified, verify, type VerifyOptions } from "./library/verify.ts";
export {
  check,
  learn,
  type LearnOptions,
  run,
  type SealedOptions,
  type WorkloadOptions,
} from "./library/workloads.ts";
