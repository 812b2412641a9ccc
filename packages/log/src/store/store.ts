/** Where the files of a log are kept. */
import type { ReadTile } from "../tiles/index.ts";

/**
 * A place for the files of one log. What `write` was given is there after a crash once `settle` has returned, and a file is either
 * as it was or as it was to become.
 */
export interface LogStore {
  readonly read: ReadTile;
  /** Writes a whole file in place of what was there. */
  write(path: string, bytes: Uint8Array): void;
  /** Waits until everything written is durable. */
  settle(): void;
  /** Lets the next process append. */
  close(): void;
}
