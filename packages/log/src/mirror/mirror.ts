/**
 * A copy of a log, kept by who watches it. Each time it first has the log prove that it continues what it showed before. Then it takes
 * the entries that are new, so many at once, and has it proven of each part that it is in the tree which the log has signed for. So a log
 * that takes something back, or shows another history, is found out, however much comes with it.
 */
import { LogError } from "../error.ts";
import { parseCheckpoint, parseNote, type SignedCheckpoint } from "../note/index.ts";
import { type LogPolicy, openWitnessed } from "../proof/index.ts";
import { CHECKPOINT, type LogStore } from "../store/index.ts";
import {
  entriesAt,
  entriesIn,
  type FetchTile,
  fetchTiles,
  framedEntry,
  nodesOf,
  type ReadTile,
  type Tile,
  TILE_WIDTH,
  tileBytes,
  tileIn,
  tilePath,
} from "../tiles/index.ts";
import { HASH_BYTES, rootOf, sameHash } from "../tree/index.ts";
import { Edge, type LeftBehind, Leftovers } from "../writer/index.ts";
import { readComing, type Seen, seenIn, writeComing } from "./coming.ts";
import { type Divergence, divergence, isContinued } from "./divergence.ts";

export interface Followed {
  readonly checkpoint: SignedCheckpoint;
  /** The index of the first new entry. Those before it belong to the checkpoint that the copy had. */
  readonly first: number;
}

/** A log that shows two histories: both checkpoints are signed by it, and no tree has both. */
export class Fork extends LogError {
  readonly checkpoints: readonly [string, string];
  /** Without it, checkpoints of two sizes do not contradict each other; undefined where the log withholds it now. */
  readonly divergence: Divergence | undefined;

  constructor(why: string, checkpoints: readonly [string, string], shownBy: Divergence | undefined) {
    super("forked-log", `${why}; keep both checkpoints, and distrust the log`);
    this.checkpoints = checkpoints;
    this.divergence = shownBy;
  }
}

/** Not many more entries are taken at once, and not many more bytes of them, so that memory has a bound: an entry may have 64 KiB. */
const MOST_AT_ONCE = 65_536;
const MOST_BYTES = 2 ** 26;

export class Mirror {
  readonly #store: LogStore;
  readonly #policy: LogPolicy;
  readonly #mostAtOnce: number;
  readonly #leftovers: Leftovers;
  /** Of what the copy has; it may have more than its checkpoint says while it takes what is new. */
  #edge: Edge;
  /** The checkpoint of the copy. */
  #last: Seen | undefined;
  /** The latest one that the log is known to have signed: the same, or the one that the copy is on its way to. */
  #latest: Seen | undefined;

  /** Continues the copy in a store; begins one where it is empty. Refuses one whose files do not fit its checkpoint. */
  constructor(store: LogStore, policy: LogPolicy, mostAtOnce = MOST_AT_ONCE, leftBehind?: LeftBehind) {
    this.#store = store;
    this.#policy = policy;
    this.#mostAtOnce = mostAtOnce;
    const kept = store.read(CHECKPOINT);
    this.#last = kept && seenIn(Buffer.from(kept).toString("utf8"));
    const begun = readComing(store);
    // One that the copy has reached since is over.
    const coming = begun !== undefined && begun.checkpoint.size > (this.#last?.size ?? 0) ? begun : undefined;
    this.#latest = coming?.checkpoint ?? this.#last;
    this.#edge = Edge.read(store.read, coming?.taken.size ?? this.#last?.size ?? 0);
    for (const { size, root } of [coming?.taken, this.#last].filter((each) => each !== undefined))
      if (!sameHash(this.#rootAt(size), root))
        throw new LogError("broken-log", "the copy does not fit its checkpoint; restore it, or begin another");
    this.#leftovers = new Leftovers(store, this.#edge.size, leftBehind);
  }

  /** How many entries the copy has: each was proven to be in what the log has signed for. */
  get size(): number {
    return this.#edge.size;
  }

  /** Looks what the log shows, and takes all that is new. */
  async follow(fetch: FetchTile): Promise<Followed> {
    const followed = await this.look(fetch);
    await this.take(fetch);
    return followed;
  }

  /** Has the log prove that what it shows continues what it showed before, and keeps the checkpoint. No entry is asked for. */
  async look(fetch: FetchTile): Promise<Followed> {
    const shown = Buffer.from((await fetch(CHECKPOINT)) ?? []).toString("utf8");
    const { origin } = parseCheckpoint(parseNote(shown));
    const checkpoint = openWitnessed(shown, origin, this.#policy);
    const seen = seenIn(shown);
    await this.#assertContinued(fetch, seen);
    this.#keepLatest(seen);
    return { checkpoint, first: this.#last?.size ?? 0 };
  }

  /**
   * Takes the entries of the checkpoint that was looked at last. The copy's own checkpoint is replaced once all of them are there. Of what
   * is interrupted before, the parts that were proven stay, and the next time goes on behind them. It stops at the next bundle once
   * `isOver` says so, with one bundle at least. Returns how many entries are left.
   */
  async take(fetch: FetchTile, isOver: () => boolean = () => false): Promise<number> {
    const seen = this.#latest;
    if (seen === undefined) return 0;
    while (this.#edge.size < seen.size) {
      await this.#takeSome(fetch, seen, isOver);
      if (isOver()) break;
    }
    const left = seen.size - this.#edge.size;
    if (left <= 0) {
      this.#store.write(CHECKPOINT, Buffer.from(seen.shown));
      this.#store.settle();
      this.#last = seen;
    }
    this.#leftovers.clear(this.#edge.size);
    await this.#leftovers.done();
    return Math.max(0, left);
  }

  /**
   * What the log serves now of the right edge of its tree that does not fit the copy; undefined where all of it does. The copy makes its
   * hashes from the entries, and does not take those that are here again, so it would not notice otherwise. A few requests, however large
   * the log is.
   */
  async unfit(fetch: FetchTile): Promise<string | undefined> {
    const tiles = Edge.tiles(this.#edge.size);
    const shown = await fetchTiles(fetch, tiles);
    for (const tile of tiles) {
      const [own, theirs] = [this.#store.read, shown].map((read) => contentOf(read, tile));
      if (own === undefined || theirs === undefined || Buffer.compare(own, theirs) !== 0)
        return (
          `what the log serves at ${tilePath(tile)} does not fit its checkpoint of ${this.#edge.size} entries, which the copy proves; ` +
          "fetch it again, and distrust the log if that stays"
        );
    }
    return undefined;
  }

  /** Writes the checkpoint to the disk before the mirror asks for its entries. A log that withholds them must still continue it. */
  #keepLatest(seen: Seen): void {
    this.#latest = seen;
    const { size } = this.#edge;
    if (size >= seen.size) return;
    writeComing(this.#store, { taken: { origin: seen.origin, size, root: this.#edge.root() }, checkpoint: seen });
  }

  /** Asks for a proof, which is short however much is new: a log that forked cannot hide it behind a flood of entries. */
  async #assertContinued(fetch: FetchTile, seen: Seen): Promise<void> {
    const latest = this.#latest;
    if (latest === undefined) return;
    if (latest.origin !== seen.origin)
      throw new LogError(
        "bad-note",
        `expected a checkpoint of ${latest.origin}, got one of ${seen.origin}; keep a copy for each log`,
      );
    if (seen.size < latest.size) throw await this.#older(fetch, seen, latest);
    const shownBy = await divergence(fetch, latest, seen);
    if (shownBy === undefined) return;
    const why = `the log had ${latest.size} entries, and does not prove that the ${seen.size} which it shows continue them`;
    throw new Fork(why, [latest.shown, seen.shown], shownBy);
  }

  /** A checkpoint of the first entries shows no other history: a cache may have kept it. */
  async #older(fetch: FetchTile, seen: Seen, latest: Seen): Promise<LogError> {
    const had = `the log had ${latest.size} entries, and shows ${seen.size}`;
    // What the copy has, its own files show, whatever the log withholds now.
    const own = this.#last;
    if (own !== undefined && seen.size <= own.size) {
      const shownBy = await divergence(this.#store.read, seen, own);
      if (shownBy !== undefined) return new Fork(had, [own.shown, seen.shown], shownBy);
    } else {
      const isTaken = seen.size <= this.#edge.size;
      const isOther = isTaken && !sameHash(this.#rootAt(seen.size), seen.root);
      const shownBy = isTaken && !isOther ? undefined : await divergence(fetch, seen, latest).catch(unless(isOther));
      if (isOther || shownBy !== undefined) return new Fork(had, [latest.shown, seen.shown], shownBy);
    }
    return new LogError(
      "old-checkpoint",
      `${had}, which are the first of them: a cache kept them, or the log was set back; ask again later, and distrust the log if that stays`,
    );
  }

  /** Takes entries behind those that are here. Nothing of them is kept unless they are in the tree that the log has signed for. */
  async #takeSome(fetch: FetchTile, seen: Seen, isOver: () => boolean): Promise<void> {
    const { size } = this.#edge;
    const entries = await entriesBehind(fetch, size, seen.size, this.#mostAtOnce, isOver);
    const edge = Edge.read(this.#store.read, size);
    const pieces = edge.append(entries);
    const taken = { origin: seen.origin, size: edge.size, root: edge.root() };
    if (!(await isContinued(fetch, taken, seen)))
      throw new LogError(
        "broken-log",
        `the entries up to ${taken.size} are not those of the ${seen.size} that the log has signed for; fetch them again, and distrust ` +
          "the log if that stays",
      );
    for (const piece of pieces) this.#store.write(tilePath(piece), piece.bytes);
    this.#store.settle();
    if (taken.size < seen.size) writeComing(this.#store, { taken, checkpoint: seen });
    this.#edge = edge;
    this.#leftovers.grown(edge.size);
  }

  /** The root that the copy's own tiles lead to, for as many entries as it has, or for the first of them. */
  #rootAt(size: number): Uint8Array {
    return rootOf(nodesOf(this.#store.read, this.#edge.size), size);
  }
}

/** The bytes of a tile, without what a full one that replaced it has behind; undefined of a damaged one, or where there is none. */
function contentOf(read: ReadTile, tile: Tile): Uint8Array | undefined {
  try {
    if (tile.level === "entries")
      return Buffer.concat(entriesAt(read, tile.place * TILE_WIDTH + tile.width, tile.place).map(framedEntry));
    return tileBytes(read, tile)?.subarray(0, tile.width * HASH_BYTES);
  } catch (fault) {
    if (fault instanceof LogError) return undefined;
    throw fault;
  }
}

/** Passes over a fault where the answer is known without what failed. */
const unless =
  (isKnown: boolean) =>
  (fault: unknown): undefined => {
    if (!isKnown) throw fault;
  };

/** Entries from an index on, in whole bundles, until there are `most` of them, or as many bytes as are taken at once, or it is over. */
async function entriesBehind(
  fetch: FetchTile,
  first: number,
  size: number,
  most: number,
  isOver: () => boolean,
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  let taken = 0;
  for (let place = Math.floor(first / TILE_WIDTH); place * TILE_WIDTH < size; place++) {
    if (found.length >= most || taken >= MOST_BYTES || (found.length > 0 && isOver())) break;
    const tile = tileIn(size, "entries", place);
    const full = { ...tile, width: TILE_WIDTH };
    const exact = await fetch(tilePath(tile));
    const bytes = exact ?? (await fetch(tilePath(full)));
    if (bytes === undefined) throw new LogError("broken-log", `there is nothing at ${tilePath(tile)}; fetch it again`);
    taken += bytes.length;
    const entries = entriesIn(bytes, exact === undefined ? TILE_WIDTH : tile.width).slice(0, tile.width);
    found.push(...entries.slice(Math.max(0, first - place * TILE_WIDTH)));
  }
  return found;
}
