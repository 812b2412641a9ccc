/** Where the files of a log are kept. */
export { Bucket, type BucketAddress } from "./bucket.ts";
export { bucketAddress } from "./credentials.ts";
export { DirectoryStore, type Lock, readDirectory } from "./directory.ts";
export { CHECKPOINT, type LogFile, type LogFiles } from "./files.ts";
export { ObjectStore } from "./objects.ts";
export { COMMITTED, LogStore } from "./store.ts";
