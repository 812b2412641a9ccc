/** Contours: read, written, compared and merged. */
export { actingUsers, briefCredentials } from "./acting-user.ts";
export { conflictSides, isConflictMark } from "./conflict.ts";
export { Contour } from "./contour.ts";
export { formatDiff, ruleText } from "./diff-text.ts";
export { type ContourDiff, diffContours, type LonePoint, type RuleLine } from "./diff.ts";
export { Extension } from "./extension.ts";
export { mergeBranches, mergeContours } from "./merge.ts";
export { type Phase, phasesOf } from "./phase.ts";
export { contourOfRun } from "./of-run.ts";
export { type AnyContour, parseContour, type PointCounts, readContour } from "./read.ts";
export { type Changing, rebuild, type Rebuilt } from "./rebuild.ts";
export { writeContour } from "./write.ts";
export { filesIn, type ReplacedFiles, replaceFiles, type Replacement } from "./replace-files.ts";
export { userPhrase } from "./user-phrase.ts";
