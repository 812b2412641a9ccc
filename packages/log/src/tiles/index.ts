/** Tiles: how the tree and the entries of a log are kept and served (c2sp.org/tlog-tiles). */
export { assertFits, entriesIn, framedEntry } from "./entries.ts";
export { fetchConsistency, fetchEntries, fetchNodes, type FetchTile, fetchTiles } from "./fetch.ts";
export { TILE_HEIGHT, TILE_WIDTH, type Tile, tileIn, tilePath } from "./path.ts";
export { entriesAt, nodesOf, type ReadTile, tileBytes } from "./reader.ts";
