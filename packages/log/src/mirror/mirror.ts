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
  entriesIn,
  fetchConsistency,
  fetchNodes,
  type FetchTile,
  nodesOf,
  TILE_WIDTH,
  tileIn,
  tilePath,
} from "../tiles/index.ts";
import { assertConsistent, rootOf, sameHash, type TreeHead } from "../tree/index.ts";
import { Edge } from "../writer/index.ts";
import { readComing, type Seen, seenIn, writeComing } from "./coming.ts";

export interface Followed {
  readonly checkpoint: SignedCheckpoint;
  /** The index of the first new entry. Those before it belong to the checkpoint that the copy had. */
  readonly first: number;
}

/** A log that shows two histories: both checkpoints are signed by it, and no tree has both. */
export class Fork extends LogError {
  readonly checkpoints: readonly [string, string];

  constructor(why: string, checkpoints: readonly [string, string]) {
    super("forked-log", `${why}; keep both checkpoints, and distrust the log`);
    this.checkpoints = checkpoints;
  }
}

/** Not many more entries are taken at once, and not many more bytes of them, so that memory has a bound: an entry may have 64 KiB. */
const MOST_AT_ONCE = 65_536;
const MOST_BYTES = 2 ** 26;

export class Mirror {
  readonly #store: LogStore;
  readonly #policy: LogPolicy;
  readonly #mostAtOnce: number;
  /** Of what the copy has; it may have more than its checkpoint says while it takes what is new. */
  #edge: Edge;
  /** The checkpoint of the copy. */
  #last: Seen | undefined;
  /** The latest one that the log is known to have signed: the same, or the one that the copy is on its way to. */
  #latest: Seen | undefined;

  /** Continues the copy in a store; begins one where it is empty. Refuses one whose files do not fit its checkpoint. */
  constructor(store: LogStore, policy: LogPolicy, mostAtOnce = MOST_AT_ONCE) {
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
  }

  /**
   * Takes what is new. The checkpoint that the log shows is kept first, the copy's own is replaced once all of the entries are there. Of
   * what is interrupted before, the parts that were proven stay, and the next time goes on behind them.
   */
  async follow(fetch: FetchTile): Promise<Followed> {
    const shown = Buffer.from((await fetch(CHECKPOINT)) ?? []).toString("utf8");
    const { origin } = parseCheckpoint(parseNote(shown));
    const checkpoint = openWitnessed(shown, origin, this.#policy);
    const seen = seenIn(shown);
    await this.#assertContinued(fetch, seen);
    this.#keepLatest(seen);
    const first = this.#last?.size ?? 0;
    while (this.#edge.size < seen.size) await this.#takeSome(fetch, seen);
    this.#store.write(CHECKPOINT, Buffer.from(shown));
    this.#store.settle();
    this.#last = seen;
    return { checkpoint, first };
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
    if (!(await isContinued(fetch, latest, seen)))
      throw new Fork(
        `the log had ${latest.size} entries, and does not prove that the ${seen.size} which it shows continue them`,
        [latest.shown, seen.shown],
      );
  }

  /** A checkpoint of the first entries shows no other history: a cache may have kept it. */
  async #older(fetch: FetchTile, seen: Seen, latest: Seen): Promise<LogError> {
    const had = `the log had ${latest.size} entries, and shows ${seen.size}`;
    const isBeginning =
      seen.size <= this.#edge.size
        ? sameHash(this.#rootAt(seen.size), seen.root)
        : await isContinued(fetch, seen, latest);
    if (!isBeginning) return new Fork(had, [latest.shown, seen.shown]);
    return new LogError(
      "old-checkpoint",
      `${had}, which are the first of them: a cache kept them, or the log was set back; ask again later, and distrust the log if that stays`,
    );
  }

  /** Takes entries behind those that are here. Nothing of them is kept unless they are in the tree that the log has signed for. */
  async #takeSome(fetch: FetchTile, seen: Seen): Promise<void> {
    const { size } = this.#edge;
    const entries = await entriesBehind(fetch, size, seen.size, this.#mostAtOnce);
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
  }

  /** The root that the copy's own tiles lead to, for as many entries as it has, or for the first of them. */
  #rootAt(size: number): Uint8Array {
    return rootOf(nodesOf(this.#store.read, this.#edge.size), size);
  }
}

/**
 * Whether the larger of two trees begins with the smaller one. Refuses with `broken-log` where the log has not what proves either: it is
 * missing, or damaged, so that it does not lead to the larger tree. Only a proof that does shows that the log forked.
 */
export async function isContinued(fetch: FetchTile, before: TreeHead, after: TreeHead): Promise<boolean> {
  const { size } = before;
  const proof = await fetchConsistency(fetch, size, after.size);
  if (isProven(before, after, proof)) return true;
  if (size === after.size) return false;
  const nodes = await fetchNodes(fetch, after.size, (unknown) => rootOf(unknown, size));
  if (isProven({ size, root: rootOf(nodes, size) }, after, proof)) return false;
  throw new LogError(
    "broken-log",
    `the hashes over the first ${size} entries do not lead to the ${after.size} that the log has signed for; fetch them again, and ` +
      "distrust the log if that stays",
  );
}

function isProven(before: TreeHead, after: TreeHead, proof: readonly Uint8Array[]): boolean {
  try {
    assertConsistent(before, after, proof);
    return true;
  } catch (fault) {
    if (fault instanceof LogError) return false;
    throw fault;
  }
}

/** Entries from an index on, in whole bundles, until there are `most` of them, or as many bytes as are taken at once. */
async function entriesBehind(fetch: FetchTile, first: number, size: number, most: number): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  let taken = 0;
  for (let place = Math.floor(first / TILE_WIDTH); place * TILE_WIDTH < size; place++) {
    if (found.length >= most || taken >= MOST_BYTES) break;
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
