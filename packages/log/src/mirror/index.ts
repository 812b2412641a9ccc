/** Watching a log. */
export { type FetchTile, type Followed, Fork, Mirror } from "./mirror.ts";
