/** Where a tile is found below the prefix of its log (c2sp.org/tlog-tiles). */

/** A tile of hashes, or of entries. */
export interface Tile {
  /** 0 for hashes of entries, and one more for each eight levels of the tree; or the entries themselves. */
  readonly level: number | "entries";
  readonly place: number;
  /** How many it has: 256 if it is full. */
  readonly width: number;
}

/** Hashes or entries of a full tile. */
export const TILE_WIDTH = 256;
/** Levels of the tree in a tile. */
export const TILE_HEIGHT = 8;

/** `tile/LEVEL/x001/x234/067`, and `.p/WIDTH` behind it unless the tile is full. */
export function tilePath({ level, place, width }: Tile): string {
  const digits = String(place);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/\d{3}/g) ?? [];
  const parts = groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`));
  return `tile/${level}/${parts.join("/")}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** The tile of a level at a place, in a log of so many entries; its width is 0 where there is none. */
export function tileIn(size: number, level: number | "entries", place: number): Tile {
  const hashes = Math.floor(size / TILE_WIDTH ** (level === "entries" ? 0 : level));
  return { level, place, width: Math.max(0, Math.min(TILE_WIDTH, hashes - place * TILE_WIDTH)) };
}
