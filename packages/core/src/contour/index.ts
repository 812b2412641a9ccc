/** Contours: read, written, compared and merged. */
export { formatDiff } from "./diff-text.ts";
export { type ContourDiff, diffContours, type LonePoint } from "./diff.ts";
export { mergeContours } from "./merge.ts";
export { type AnyContour, type Chunks, parseContour, type ReadOptions, readContour } from "./read.ts";
export { writeContour } from "./write.ts";
