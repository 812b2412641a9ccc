/**
 * A log in a bucket of an object store.
 *
 *   checkpoint            what is shown
 *   tile/…                as in a directory
 *   committed/none        the first note that the log signed
 *   committed/SIZE        the note that followed the one of SIZE entries
 *   committed/last        a note that it signed at some time: where to begin to look
 *   staged/DIGEST         the tiles of the note with this SHA-256, which may not lie at their places yet
 *
 * A note is committed by writing what follows the one before, where nothing may be yet (If-None-Match). So no two processes continue one
 * note, and of a log that begins at `committed/none` there is one history. Tiles are staged before, and laid at their places after: a
 * process that did not get through has changed nothing that a reader sees. The tiles of one history have one content each, so it does
 * no harm if two processes lay them. What was staged is removed by `clear`: left there, it is laid again, or never looked at.
 *
 * Nothing below `committed/` may be deleted while any process may hold an older note.
 */
import { createHash } from "node:crypto";
import { LogError } from "../error.ts";
import { parseCheckpoint, parseNote } from "../note/index.ts";
import type { Bucket } from "./bucket.ts";
import { type Tile, TILE_WIDTH, tilePath } from "../tiles/index.ts";
import { CHECKPOINT, type LogFile, type LogFiles } from "./files.ts";
import { pack, unpack } from "./staged.ts";

const FIRST = "committed/none";
const HINT = "committed/last";
const AT_ONCE = 8;
const MOST_TRIES = 3;
/** S3 removes no more at once. */
const MOST_REMOVED = 1000;

export class ObjectStore implements LogFiles {
  readonly #bucket: Bucket;
  /** The note that this process continues. */
  #last: Uint8Array | undefined;
  /** Objects that were staged, and are not needed any more. */
  #left: readonly string[] = [];

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  readonly read = async (path: string): Promise<Uint8Array | undefined> => (await this.#bucket.get(path))?.bytes;

  async last(): Promise<Uint8Array | undefined> {
    const first = await this.read(FIRST);
    if (first === undefined) return undefined;
    await this.#assertConditions(first);
    let note = (await this.read(HINT)) ?? first;
    for (let next = await this.read(after(note)); next !== undefined; next = await this.read(after(note))) {
      if (sizeOf(next) <= sizeOf(note))
        throw new LogError("broken-log", `the note after that of ${sizeOf(note)} entries has no more; restore the log`);
      note = next;
    }
    await this.#layStaged(note);
    this.#last = note;
    return note;
  }

  async commit(files: readonly LogFile[], note: Uint8Array): Promise<void> {
    const place = this.#last === undefined ? FIRST : after(this.#last);
    const staged = stagedAt(note);
    if (files.length > 0) await this.#bucket.put(staged, pack(files));
    if (!(await this.#bucket.create(place, note)) && !isSame(await this.read(place), note)) {
      this.#leaves(staged);
      throw new LogError(
        "log-in-use",
        "another process has appended to this log meanwhile; end it, and open the log again",
      );
    }
    if (this.#last === undefined) await this.#assertConditions(note);
    this.#last = note;
    await this.#lay(files);
    await this.#bucket.put(HINT, note);
    if (files.length > 0) this.#leaves(staged);
  }

  async show(checkpoint: Uint8Array): Promise<void> {
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      const shown = await this.#bucket.get(CHECKPOINT);
      // A process that was overtaken must not show less than what is shown.
      if (this.#last === undefined || (await this.read(after(this.#last))) !== undefined)
        throw new LogError("log-in-use", "another process has appended to this log meanwhile; open the log again");
      if (isSame(shown?.bytes, checkpoint)) return;
      const isShown =
        shown === undefined
          ? await this.#bucket.create(CHECKPOINT, checkpoint)
          : await this.#bucket.replace(CHECKPOINT, checkpoint, shown.version);
      if (isShown) return;
    }
    throw new LogError("log-in-use", "other processes show checkpoints of this log; end them");
  }

  /** One request for a commit, and few more where a tile became full. Which partial tiles there were is not asked: any may be named. */
  async clear(full: readonly Tile[]): Promise<void> {
    const paths = [...this.#left, ...full.flatMap(partialsOf)];
    for (let from = 0; from < paths.length; from += MOST_REMOVED) {
      const removed = paths.slice(from, from + MOST_REMOVED);
      await this.#bucket.remove(removed);
      this.#left = this.#left.filter((path) => !removed.includes(path));
    }
  }

  async close(): Promise<void> {}

  /** A store that never lets anything be removed must not fill memory. */
  #leaves(staged: string): void {
    this.#left = [...this.#left, staged].slice(-MOST_REMOVED);
  }

  /** Refuses a server that writes over what is there although it was asked not to: two processes could fork the log. */
  async #assertConditions(first: Uint8Array): Promise<void> {
    if (!(await this.#bucket.create(FIRST, first))) return;
    throw new LogError(
      "object-store",
      "the object store does not keep to If-None-Match, so two processes could fork the log; use one that does, or a directory",
    );
  }

  async #layStaged(note: Uint8Array): Promise<void> {
    const staged = await this.read(stagedAt(note));
    if (staged === undefined) return;
    await this.#lay(unpack(staged));
    await this.#bucket.put(HINT, note);
    this.#leaves(stagedAt(note));
  }

  async #lay(files: readonly LogFile[]): Promise<void> {
    for (let from = 0; from < files.length; from += AT_ONCE)
      await Promise.all(files.slice(from, from + AT_ONCE).map(({ path, bytes }) => this.#bucket.put(path, bytes)));
  }
}

/** Where the note after this one is. */
const after = (note: Uint8Array): string => `committed/${sizeOf(note)}`;

const partialsOf = (full: Tile): string[] =>
  Array.from({ length: TILE_WIDTH - 1 }, (_, before) => tilePath({ ...full, width: before + 1 }));

const sizeOf = (note: Uint8Array): number => parseCheckpoint(parseNote(Buffer.from(note).toString("utf8"))).size;

const stagedAt = (note: Uint8Array): string => `staged/${createHash("sha256").update(note).digest("hex")}`;

const isSame = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one !== undefined && Buffer.compare(one, other) === 0;
