/** What a log that this process appends to asks of the place where its files are. */
import type { FetchTile, Tile } from "../tiles/index.ts";

/** Where the checkpoint of a log is found (c2sp.org/tlog-tiles). */
export const CHECKPOINT = "checkpoint";

/** A file of a log that never changes once the log has signed for it. */
export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A place for the files of one log. One process at a time appends; the place refuses a second one with `log-in-use`. */
export interface LogFiles {
  readonly read: FetchTile;
  /** The note that the log signed last; undefined where none is. Makes good what a process that ended in between left undone. */
  last(): Promise<Uint8Array | undefined>;
  /**
   * Makes files durable, and in place of the last note another one that needs them. Both are there after a crash, or neither. Refuses
   * if the note that is replaced is not the one that `last` or the last `commit` of this process had.
   */
  commit(files: readonly LogFile[], note: Uint8Array): Promise<void>;
  /** Shows a checkpoint in place of what was shown. */
  show(checkpoint: Uint8Array): Promise<void>;
  /**
   * Removes the partial tiles of these full ones, which every reader takes in their place, and what earlier commits left behind. Refuses
   * where something stays: it does no harm, and is removed by a later call, or stays.
   */
  clear(full: readonly Tile[]): Promise<void>;
  /** Lets the next process append. */
  close(): Promise<void>;
}
