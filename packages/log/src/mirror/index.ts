/** Watching a log. */
export {
  contradict,
  type Divergence,
  divergence,
  formatDivergence,
  isContinued,
  parseDivergence,
} from "./divergence.ts";
export { type Followed, Fork, Mirror } from "./mirror.ts";
