/** Appending to a log. */
export { Batches } from "./batches.ts";
export { CHECKPOINT, Log } from "./log.ts";
export { DirectoryStore, type Lock, type LogStore, readDirectory } from "../store/index.ts";
