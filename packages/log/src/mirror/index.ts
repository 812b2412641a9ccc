/** Watching a log. */
export { type Followed, Fork, Mirror } from "./mirror.ts";
