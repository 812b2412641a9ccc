/** Appending to a log. */
export { Batches } from "./batches.ts";
export { Edge } from "./edge.ts";
export { CHECKPOINT, COMMITTED, Log, type LogOptions } from "./log.ts";
export { DirectoryStore, type Lock, type LogStore, readDirectory } from "../store/index.ts";
