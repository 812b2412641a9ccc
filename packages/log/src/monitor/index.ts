/** What a monitor looks for in the log of a fleet (docs/how-to/log.md, 7). */
export type { Review } from "./contours.ts";
export { type Finding, type FindingKind, findingKinds } from "./finding.ts";
export { FleetMonitor } from "./monitor.ts";
