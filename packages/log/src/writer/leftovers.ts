/**
 * What a log or a copy does not need any more: the partial tiles of a tile that is full, and what commits left behind. It is removed beside
 * the work: no entry waits for it, and a failure changes nothing but how large the log is.
 */
import type { LogFiles } from "../store/index.ts";
import { type Tile, TILE_WIDTH, tileIn, tilePath } from "../tiles/index.ts";

/** Is told once in words that files stay which no reader needs, and why. */
export type LeftBehind = (what: string) => void;

/** Of more tiles the partial ones stay, where they cannot be removed for long: memory has a bound. */
const MOST_OWED = 4096;

export class Leftovers {
  readonly #files: Pick<LogFiles, "clear">;
  readonly #leftBehind: LeftBehind;
  /** Tiles that may have partial ones, by their paths. */
  readonly #owed = new Map<string, Tile>();
  #shown: number;
  /** How many bundles were full when partial tiles were removed last. */
  #cleared: number;
  /** After a failure nothing is tried until another bundle is full. */
  #isFailing = false;
  #isSaid = false;
  #isWaiting = false;
  #running: Promise<void> = Promise.resolve();

  /** Of a log of so many entries. A process that ended may not have come to the last full tile of each level: it goes with the next one. */
  constructor(files: Pick<LogFiles, "clear">, size: number, leftBehind: LeftBehind = warn) {
    this.#files = files;
    this.#leftBehind = leftBehind;
    this.#shown = size;
    this.#cleared = fullIn(size);
    this.#owesLast(size);
    this.grown(size);
  }

  /** There are so many entries, for which partial tiles were written. */
  grown(size: number): void {
    for (const tile of edgeOf(size)) if (tile.width > 0) this.#owes(tile);
  }

  /** Begins to remove what is not needed where so many entries are shown. Partial tiles stay until the checkpoint has all of theirs. */
  clear(shown = 0): void {
    this.#shown = Math.max(this.#shown, shown);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#running = this.#running.then(async () => {
      this.#isWaiting = false;
      await this.#clear();
    });
  }

  /** Waits until nothing is being removed. */
  async done(): Promise<void> {
    await this.#running;
  }

  async #clear(): Promise<void> {
    const size = this.#shown;
    const isMore = fullIn(size) > this.#cleared;
    if (this.#isFailing && !isMore) return;
    this.#cleared = fullIn(size);
    if (isMore) this.#owesLast(size);
    const owed = isMore ? [...this.#owed].filter(([, { level, place }]) => isFull(size, level, place)) : [];
    try {
      await this.#files.clear(owed.map(([, tile]) => tile));
      for (const [path] of owed) this.#owed.delete(path);
      this.#isFailing = false;
    } catch (fault) {
      this.#isFailing = true;
      this.#say(fault);
    }
  }

  #say(fault: unknown): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const why = fault instanceof Error ? fault.message : String(fault);
    this.#leftBehind(
      `files stay that no reader needs: ${why}. Allow to delete below tile/ and staged/; no entry is lost, and the log goes on`,
    );
  }

  /** The last full tile of each level: whatever was written there, it is where a store begins to look for what lies before it. */
  #owesLast(size: number): void {
    for (const { level, place } of edgeOf(size))
      if (place > 0) this.#owes({ level, place: place - 1, width: TILE_WIDTH });
  }

  #owes({ level, place }: Tile): void {
    const full = { level, place, width: TILE_WIDTH };
    this.#owed.set(tilePath(full), full);
    const [oldest] = this.#owed.keys();
    if (this.#owed.size > MOST_OWED && oldest !== undefined) this.#owed.delete(oldest);
  }
}

const fullIn = (size: number): number => Math.floor(size / TILE_WIDTH);

const isFull = (size: number, level: Tile["level"], place: number): boolean =>
  tileIn(size, level, place).width === TILE_WIDTH;

/** For the entries and each level, the tile that is not full. */
function edgeOf(size: number): Tile[] {
  const tiles = [tileIn(size, "entries", fullIn(size))];
  for (let [level, hashes] = [0, size]; hashes > 0; level++, hashes = fullIn(hashes))
    tiles.push(tileIn(size, level, fullIn(hashes)));
  return tiles;
}

function warn(what: string): void {
  process.emitWarning(what);
}
