/**
 * A copy of a log, kept by who watches it. Each time it takes the entries that are new, adds them to its own tree, and asks whether that
 * is the tree which the log has signed for. So a log that takes something back, or shows another history, is found out.
 */
import { LogError } from "../error.ts";
import { parseCheckpoint, parseNote, type SignedCheckpoint } from "../note/index.ts";
import { type LogPolicy, openWitnessed } from "../proof/index.ts";
import { CHECKPOINT, type LogStore } from "../store/index.ts";
import { entriesIn, type FetchTile, nodesOf, TILE_WIDTH, tileIn, tilePath } from "../tiles/index.ts";
import { rootOf, sameHash } from "../tree/index.ts";
import { Edge } from "../writer/index.ts";

export interface Followed {
  readonly checkpoint: SignedCheckpoint;
  /** The index of the first new entry. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
}

/** A log that shows two histories: both checkpoints are signed by it, and no tree has both. */
export class Fork extends LogError {
  readonly checkpoints: readonly [string, string];

  constructor(why: string, checkpoints: readonly [string, string]) {
    super("forked-log", `${why}; keep both checkpoints, and distrust the log`);
    this.checkpoints = checkpoints;
  }
}

/** Not more entries are taken at once, and not more bytes of them, so that memory has a bound: an entry may have 64 KiB. */
const MOST_AT_ONCE = 65_536;
const MOST_BYTES = 2 ** 28;

export class Mirror {
  readonly #store: LogStore;
  readonly #policy: LogPolicy;
  #edge: Edge;
  #last: string | undefined;

  /** Continues the copy in a store; begins one where it is empty. Refuses one whose files do not fit its checkpoint. */
  constructor(store: LogStore, policy: LogPolicy) {
    this.#store = store;
    this.#policy = policy;
    const kept = store.read(CHECKPOINT);
    this.#last = kept && Buffer.from(kept).toString("utf8");
    const head = this.#last === undefined ? undefined : parseCheckpoint(parseNote(this.#last));
    this.#edge = Edge.read(store.read, head?.size ?? 0);
    if (head !== undefined && !sameHash(this.#edge.root(), head.root))
      throw new LogError("broken-log", "the copy does not fit its checkpoint; restore it, or begin another");
  }

  get size(): number {
    return this.#edge.size;
  }

  /** Takes what is new. Nothing of it is kept, or returned, unless the log has signed for exactly that. */
  async follow(fetch: FetchTile): Promise<Followed> {
    const shown = Buffer.from((await fetch(CHECKPOINT)) ?? []).toString("utf8");
    const { origin } = parseCheckpoint(parseNote(shown));
    const checkpoint = openWitnessed(shown, origin, this.#policy);
    const first = this.size;
    this.#assertSameLog(checkpoint);
    if (checkpoint.size < first) throw this.#older(checkpoint, shown);
    if (checkpoint.size - first > MOST_AT_ONCE) throw tooLarge(`${checkpoint.size - first} entries are new`);
    const entries = await newEntries(fetch, first, checkpoint.size);
    const pieces = this.#edge.append(entries);
    if (!sameHash(this.#edge.root(), checkpoint.root)) {
      // What was added is not the log's: the copy goes on from what it had.
      this.#edge = Edge.read(this.#store.read, first);
      throw this.#fork(`the ${checkpoint.size} entries that are shown do not lead to the root that is signed`, shown);
    }
    for (const piece of pieces) this.#store.write(tilePath(piece), piece.bytes);
    this.#store.settle();
    this.#store.write(CHECKPOINT, Buffer.from(shown));
    this.#store.settle();
    this.#last = shown;
    return { checkpoint, first, entries };
  }

  #assertSameLog({ origin }: SignedCheckpoint): void {
    const known = this.#last === undefined ? origin : parseCheckpoint(parseNote(this.#last)).origin;
    if (known !== origin)
      throw new LogError(
        "bad-note",
        `expected a checkpoint of ${known}, got one of ${origin}; keep a copy for each log`,
      );
  }

  /** A checkpoint of the copy's own first entries shows no other history: a cache may have kept it. */
  #older({ size, root }: SignedCheckpoint, shown: string): LogError {
    const had = `the log had ${this.size} entries, and shows ${size}`;
    if (!sameHash(rootOf(nodesOf(this.#store.read, this.size), size), root)) return this.#fork(had, shown);
    return new LogError(
      "old-checkpoint",
      `${had}, which are the first of them: a cache kept them, or the log was set back; ask again later, and distrust the log if that stays`,
    );
  }

  #fork(why: string, shown: string): LogError {
    // Of a log that was never seen before, nothing was taken back: its files are damaged, or served wrongly.
    return this.#last === undefined
      ? new LogError("broken-log", `${why}; fetch it again`)
      : new Fork(why, [this.#last, shown]);
  }
}

/** The entries from one index to another, out of the bundles that a log of this size has. */
async function newEntries(fetch: FetchTile, first: number, size: number): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  let taken = 0;
  for (let place = Math.floor(first / TILE_WIDTH); place * TILE_WIDTH < size; place++) {
    const tile = tileIn(size, "entries", place);
    const full = { ...tile, width: TILE_WIDTH };
    const exact = await fetch(tilePath(tile));
    const bytes = exact ?? (await fetch(tilePath(full)));
    if (bytes === undefined) throw new LogError("broken-log", `there is nothing at ${tilePath(tile)}; fetch it again`);
    taken += bytes.length;
    if (taken > MOST_BYTES) throw tooLarge(`the new entries have more than ${MOST_BYTES} bytes`);
    const entries = entriesIn(bytes, exact === undefined ? TILE_WIDTH : tile.width).slice(0, tile.width);
    found.push(...entries.slice(Math.max(0, first - place * TILE_WIDTH)));
  }
  return found;
}

function tooLarge(why: string): LogError {
  return new LogError("too-large", `${why}; copy the directory of the log first`);
}
