/** What a program needs to work with contours and events: docs/api.md. Each folder has a subpath of its own with the rest. */
export { type Added, Contour, type ContourSpec } from "./contour/contour.ts";
export { formatDiff } from "./contour/diff-text.ts";
export { type ContourDiff, diffContours, type LonePoint } from "./contour/diff.ts";
export { mergeContours } from "./contour/merge.ts";
export {
  type AnyContour,
  type Chunks,
  parseContour,
  type PointCounts,
  readContour,
  type ReadOptions,
} from "./contour/read.ts";
export { writeContour } from "./contour/write.ts";
export type { Digest } from "./digest.ts";
export type { Explanation, Reason, Witness } from "./engine/explanation.ts";
export type { Circumstances } from "./engine/forensics.ts";
export type { Kinship, LearntPoints, Neighbour } from "./engine/nearest.ts";
export { explain } from "./engine/why.ts";
export { type CoreErrorCode, IsolineError } from "./error.ts";
export type { Actor, Credentials, Event, Subject } from "./event/event.ts";
export { eventFromJson, eventToJson, type Json } from "./event/json.ts";
export type { Operation } from "./event/operations.ts";
export type { Call, Image, Task } from "./identity/task.ts";
export { iso1 } from "./profile/iso1.ts";
export type { Exchange, Profile, ProfileName } from "./profile/profile.ts";
