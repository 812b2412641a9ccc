/**
 * The right edge of a log: the tiles that are not full yet. They are all that is needed to append, and to know the root.
 *
 * When a tile is full, its one hash goes into the tile above, and the next tile of its level begins.
 */
import { LogError } from "../error.ts";
import { HASH_BYTES, innerHash, leafHash, rootOf } from "../tree/index.ts";
import {
  entriesAt,
  framedEntry,
  nodesOf,
  type ReadTile,
  type Tile,
  TILE_WIDTH,
  tileBytes,
  tileIn,
  tilePath,
} from "../tiles/index.ts";

/** A tile that has to be written. */
export interface Piece extends Tile {
  readonly bytes: Uint8Array;
}

export class Edge {
  #size: number;
  /** For each level, the hashes of its last tile, which is not full. */
  readonly #levels: Uint8Array[][];
  #entries: Uint8Array[];

  private constructor(size: number, levels: Uint8Array[][], entries: Uint8Array[]) {
    this.#size = size;
    this.#levels = levels;
    this.#entries = entries;
  }

  /** The tiles that `read` reads. */
  static tiles(size: number): Tile[] {
    const tiles = size % TILE_WIDTH === 0 ? [] : [tileIn(size, "entries", Math.floor(size / TILE_WIDTH))];
    for (let [level, hashes] = [0, size]; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
      const tile = tileIn(size, level, Math.floor(hashes / TILE_WIDTH));
      if (tile.width > 0) tiles.push(tile);
    }
    return tiles;
  }

  /** Reads the edge of a log of so many entries; refuses tiles that are damaged, or do not fit each other. */
  static read(read: ReadTile, size: number): Edge {
    const levels: Uint8Array[][] = [];
    for (let [level, hashes] = [0, size]; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
      const tile = tileIn(size, level, Math.floor(hashes / TILE_WIDTH));
      levels.push(tile.width === 0 ? [] : hashesIn(read, tile));
    }
    const place = Math.floor(size / TILE_WIDTH);
    const entries = size % TILE_WIDTH === 0 ? [] : entriesAt(read, size, place);
    const hashes = levels[0] ?? [];
    if (entries.some((entry, at) => Buffer.compare(leafHash(entry), hashes[at] as Uint8Array) !== 0))
      throw broken("its last entries are not those of its tree");
    return new Edge(size, levels, entries.map(framedEntry));
  }

  get size(): number {
    return this.#size;
  }

  /** Takes entries; gives the tiles that have to be written before a checkpoint of the new size, full ones first. */
  append(entries: readonly Uint8Array[]): Piece[] {
    const pieces: Piece[] = [];
    for (const entry of entries) {
      const place = Math.floor(this.#size / TILE_WIDTH);
      this.#entries.push(framedEntry(entry));
      this.#size += 1;
      if (this.#entries.length === TILE_WIDTH) {
        pieces.push(piece("entries", place, this.#entries));
        this.#entries = [];
      }
      this.#add(0, leafHash(entry), pieces);
    }
    return [...pieces, ...this.#unfinished()];
  }

  /** The root of the tree, from the edge alone. */
  root(): Uint8Array {
    // Every whole subtree on the way to the root lies in a tile that is not full.
    const tiles = new Map(this.#unfinished().map((each) => [tilePath(each), each.bytes]));
    return rootOf(
      nodesOf((path) => tiles.get(path), this.#size),
      this.#size,
    );
  }

  #add(level: number, hash: Uint8Array, pieces: Piece[]): void {
    const hashes = (this.#levels[level] ??= []);
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    pieces.push(piece(level, this.#placeOf(level) - 1, hashes));
    this.#levels[level] = [];
    this.#add(level + 1, rootOfTile(hashes), pieces);
  }

  #placeOf(level: number): number {
    return Math.floor(this.#size / TILE_WIDTH ** (level + 1));
  }

  #unfinished(): Piece[] {
    const tiles = this.#levels.flatMap((hashes, level) =>
      hashes.length === 0 ? [] : [piece(level, this.#placeOf(level), hashes)],
    );
    const place = Math.floor(this.#size / TILE_WIDTH);
    return this.#entries.length === 0 ? tiles : [...tiles, piece("entries", place, this.#entries)];
  }
}

function piece(level: number | "entries", place: number, parts: readonly Uint8Array[]): Piece {
  return { level, place, width: parts.length, bytes: Buffer.concat(parts) };
}

function rootOfTile(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1)
    row = row.flatMap((hash, at) => (at % 2 === 0 ? [innerHash(hash, row[at + 1] as Uint8Array)] : []));
  return row[0] as Uint8Array;
}

function hashesIn(read: ReadTile, tile: Tile): Uint8Array[] {
  const bytes = tileBytes(read, tile);
  if (bytes === undefined || bytes.length < tile.width * HASH_BYTES)
    throw broken(`its tile ${tile.place} of level ${tile.level} is missing or too short`);
  return Array.from({ length: tile.width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

function broken(why: string): LogError {
  return new LogError("broken-log", `this log cannot be continued: ${why}; restore it from a copy`);
}
