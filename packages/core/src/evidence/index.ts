/** Which runs saw each point of a contour, and what follows from it. */
export { Evidence, type Sighting } from "./evidence.ts";
export { type RunRecord, starts } from "./run-record.ts";
export { RunSet } from "./run-set.ts";
