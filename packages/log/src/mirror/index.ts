/** Watching a log. */
export { type Followed, Fork, isContinued, Mirror } from "./mirror.ts";
