/** Appending to a log. */
export { Batches } from "./batches.ts";
export { Edge } from "./edge.ts";
export { type LeftBehind, Leftovers } from "./leftovers.ts";
export { Log, type LogOptions, signedIn } from "./log.ts";
export {
  Bucket,
  type BucketAddress,
  bucketAddress,
  CHECKPOINT,
  COMMITTED,
  DirectoryStore,
  type Lock,
  type LogFile,
  type LogFiles,
  LogStore,
  ObjectStore,
  readDirectory,
} from "../store/index.ts";
