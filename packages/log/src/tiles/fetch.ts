/** Reading a log from a place that answers later: what a calculation needs is fetched, and then it is made at once. */
import { consistencyProof, type Nodes } from "../tree/index.ts";
import { TILE_WIDTH, type Tile, tileIn, tilePath } from "./path.ts";
import { entriesAt, nodesOf, type ReadTile, tileOf } from "./reader.ts";

/** Gets what is below the prefix of a log; undefined if there is none. */
export type FetchTile = (path: string) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

/** Stands for a hash while it is asked which tiles are needed. */
const NO_HASH = new Uint8Array(32);

/** Fetches tiles. One that is not full may have been replaced by the full one. */
export async function fetchTiles(fetch: FetchTile, tiles: readonly Tile[]): Promise<ReadTile> {
  const found = new Map<string, Uint8Array>();
  const take = async (path: string): Promise<boolean> => {
    const bytes = await fetch(path);
    if (bytes !== undefined) found.set(path, bytes);
    return bytes !== undefined;
  };
  await Promise.all(
    tiles.map(async (tile) => {
      const isThere = await take(tilePath(tile));
      if (!isThere && tile.width < TILE_WIDTH) await take(tilePath({ ...tile, width: TILE_WIDTH }));
    }),
  );
  return (path) => found.get(path);
}

/**
 * Fetches the nodes that a calculation asks for, of the tree of a log of so many entries. Which these are must not depend on their
 * hashes: the calculation is made once without them.
 */
export async function fetchNodes(fetch: FetchTile, size: number, ask: (nodes: Nodes) => unknown): Promise<Nodes> {
  const asked = new Map<string, Tile>();
  ask((height, place) => {
    const tile = tileOf(size, height, place);
    asked.set(tilePath(tile), tile);
    return NO_HASH;
  });
  return nodesOf(await fetchTiles(fetch, [...asked.values()]), size);
}

/** The proof that the first `before` entries of a log of so many are those of a smaller one: of few tiles, however many came behind. */
export async function fetchConsistency(fetch: FetchTile, before: number, size: number): Promise<Uint8Array[]> {
  const nodes = await fetchNodes(fetch, size, (unknown) => consistencyProof(unknown, before, size));
  return consistencyProof(nodes, before, size);
}

/** The entries of the bundle at a place, in a log of so many. */
export async function fetchEntries(fetch: FetchTile, size: number, place: number): Promise<Uint8Array[]> {
  return entriesAt(await fetchTiles(fetch, [tileIn(size, "entries", place)]), size, place);
}
