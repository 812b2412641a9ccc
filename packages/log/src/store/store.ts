/** Where files are kept that one process at a time writes. */
import { basename, dirname } from "node:path";
import { type ReadTile, type Tile, TILE_WIDTH, tilePath } from "../tiles/index.ts";
import { CHECKPOINT, type LogFile, type LogFiles } from "./files.ts";

/** Where a log on disk keeps the note that it signed last. */
export const COMMITTED = "committed";

/** The directory of the partial tiles of one place. */
const PARTIALS = /^\d{3}\.p$/;

/**
 * A place for files. What `write` was given is there after a crash once `settle` has returned, and a file is either as it was or as it
 * was to become.
 */
export abstract class LogStore implements LogFiles {
  abstract readonly read: ReadTile;
  /** Writes a whole file in place of what was there. */
  abstract write(path: string, bytes: Uint8Array): void;
  /** Waits until everything written is durable. */
  abstract settle(): void;
  /** What is in a directory; nothing where there is none. */
  abstract names(directory: string): readonly string[];
  /** Removes a directory and all that is in it. This need not be durable. */
  abstract remove(directory: string): void;
  /** Lets the next process write. */
  abstract close(): Promise<void>;

  async last(): Promise<Uint8Array | undefined> {
    return this.read(COMMITTED);
  }

  /** Files that a log has not signed for mean nothing: they are written over after a crash. */
  async commit(files: readonly LogFile[], note: Uint8Array): Promise<void> {
    for (const { path, bytes } of files) this.write(path, bytes);
    this.settle();
    this.write(COMMITTED, note);
    this.settle();
  }

  async show(checkpoint: Uint8Array): Promise<void> {
    this.write(CHECKPOINT, checkpoint);
    this.settle();
  }

  /** Tiles before a full one are full. So what a process that was ended left of them goes, too, where it lies in one directory with it. */
  async clear(full: readonly Tile[]): Promise<void> {
    for (const tile of full) {
      const path = tilePath({ ...tile, width: TILE_WIDTH });
      const directory = dirname(path);
      const last = `${basename(path)}.p`;
      for (const name of this.names(directory))
        if (PARTIALS.test(name) && name <= last) this.remove(`${directory}/${name}`);
    }
  }
}
