/** Watching a log. */
export { type Divergence, divergence, formatDivergence, isContinued } from "./divergence.ts";
export { type Followed, Fork, Mirror } from "./mirror.ts";
