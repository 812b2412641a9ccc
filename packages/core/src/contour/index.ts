/** Contours: read, written, compared and merged. */
export { Contour } from "./contour.ts";
export { formatDiff } from "./diff-text.ts";
export { type ContourDiff, diffContours, type LonePoint } from "./diff.ts";
export { Extension } from "./extension.ts";
export { mergeContours } from "./merge.ts";
export { type Phase, phasesOf } from "./phase.ts";
export { type AnyContour, parseContour, readContour } from "./read.ts";
export { type Changing, rebuild, type Rebuilt } from "./rebuild.ts";
export { contourSince, type Mark, markOf } from "./since.ts";
export { writeContour } from "./write.ts";
export { filesIn, type ReplacedFiles, replaceFiles, type Replacement } from "./replace-files.ts";
