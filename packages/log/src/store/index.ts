/** Where the files of a log are kept. */
export { DirectoryStore, type Lock, readDirectory } from "./directory.ts";
export type { LogStore } from "./store.ts";
