/** The tree of a log, read from its tiles. */
import { LogError } from "../error.ts";
import { HASH_BYTES, innerHash, type Nodes } from "../tree/index.ts";
import { entriesIn } from "./entries.ts";
import { TILE_HEIGHT, TILE_WIDTH, type Tile, tileIn, tilePath } from "./path.ts";

/** Reads what is below the prefix of a log; undefined if there is none. */
export type ReadTile = (path: string) => Uint8Array | undefined;

/**
 * The nodes of the tree of a log of so many entries. Tiles may come from a hostile place: what is made from them is believed only
 * once it leads to the root of a checkpoint.
 */
export function nodesOf(read: ReadTile, size: number): Nodes {
  const kept = new Map<string, Uint8Array>();
  return (height, place) => {
    const within = height % TILE_HEIGHT;
    const first = place * 2 ** within;
    const tile = tileOf(size, height, place);
    const key = tilePath(tile);
    const bytes = kept.get(key) ?? hashesOf(read, tile);
    kept.set(key, bytes);
    return nodeIn(bytes, first % TILE_WIDTH, 2 ** within);
  };
}

/** The tile from which the hash over a whole subtree is made, in a log of so many entries. */
export function tileOf(size: number, height: number, place: number): Tile {
  const first = place * 2 ** (height % TILE_HEIGHT);
  return tileIn(size, Math.floor(height / TILE_HEIGHT), Math.floor(first / TILE_WIDTH));
}

/** The bytes of a tile: as it is in a log of this size, or cut from the full one, which may have replaced it. */
export function tileBytes(read: ReadTile, tile: Tile): Uint8Array | undefined {
  return read(tilePath(tile)) ?? (tile.width < TILE_WIDTH ? read(tilePath({ ...tile, width: TILE_WIDTH })) : undefined);
}

/** The entries of the bundle at a place, in a log of so many. */
export function entriesAt(read: ReadTile, size: number, place: number): Uint8Array[] {
  const tile = tileIn(size, "entries", place);
  const exact = read(tilePath(tile));
  if (exact !== undefined) return entriesIn(exact, tile.width);
  const full = read(tilePath({ ...tile, width: TILE_WIDTH }));
  if (full === undefined || tile.width === 0)
    throw new LogError("broken-log", `expected entries at ${tilePath(tile)}, got nothing; restore the log from a copy`);
  return entriesIn(full, TILE_WIDTH).slice(0, tile.width);
}

function hashesOf(read: ReadTile, tile: Tile): Uint8Array {
  const bytes = tileBytes(read, tile);
  if (bytes === undefined || bytes.length < tile.width * HASH_BYTES || bytes.length > TILE_WIDTH * HASH_BYTES)
    throw new LogError(
      "broken-log",
      `expected ${tile.width} hashes at ${tilePath(tile)}, got ${bytes === undefined ? "nothing" : `${bytes.length} bytes`}; ` +
        "restore the log from a copy",
    );
  return bytes.subarray(0, tile.width * HASH_BYTES);
}

function nodeIn(tile: Uint8Array, first: number, count: number): Uint8Array {
  if (count === 1) return tile.subarray(first * HASH_BYTES, (first + 1) * HASH_BYTES);
  return innerHash(nodeIn(tile, first, count / 2), nodeIn(tile, first + count / 2, count / 2));
}
