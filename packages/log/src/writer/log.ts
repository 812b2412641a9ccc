/**
 * A log that this process appends to.
 *
 * Two checkpoints: the note that was signed last is the log's own memory, and is what makes entries durable; it is committed together
 * with the tiles that it needs. `checkpoint` is what the log shows. Where witnesses are asked, it follows once they have
 * signed, so that a reader never sees a checkpoint that too few have seen.
 */
import { LogError } from "../error.ts";
import {
  type Checkpoint,
  checkpointText,
  formatNote,
  type NoteSignature,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  signatureLine,
  type SignerKey,
  signNote,
} from "../note/index.ts";
import { CHECKPOINT, type LogFile, type LogFiles } from "../store/index.ts";
import { sameHash } from "../tree/index.ts";
import { assertFits, fetchTiles, tilePath } from "../tiles/index.ts";
import { Edge } from "./edge.ts";
import { type LeftBehind, Leftovers } from "./leftovers.ts";

export interface LogOptions {
  /** Checkpoints are shown only by `publish`. */
  readonly waitsForWitnesses?: boolean;
  /** Is told once where files cannot be removed that no reader needs. Otherwise the process warns of it. */
  readonly leftBehind?: LeftBehind;
}

export class Log {
  readonly #files: LogFiles;
  readonly #key: SignerKey;
  readonly #edge: Edge;
  readonly #waits: boolean;
  readonly #leftovers: Leftovers;
  #head: Checkpoint;
  /** After a write that failed, memory is ahead of the files. */
  #isBroken = false;
  /** What is written depends on what was written before, so one step waits for the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    files: LogFiles,
    key: SignerKey,
    edge: Edge,
    { waitsForWitnesses = false, leftBehind }: LogOptions,
  ) {
    this.#files = files;
    this.#waits = waitsForWitnesses;
    this.#key = key;
    this.#edge = edge;
    this.#leftovers = new Leftovers(files, edge.size, leftBehind);
    this.#head = { origin: key.name, size: edge.size, root: edge.root() };
  }

  /** Begins a log without entries, whose origin is the name of its key; refuses where one is. */
  static async create(files: LogFiles, key: SignerKey, options: LogOptions = {}): Promise<Log> {
    if ((await files.last()) !== undefined || (await files.read(CHECKPOINT)) !== undefined)
      throw new LogError("log-in-use", "there is a log already; choose another directory, or append to that one");
    const none = Edge.read(() => undefined, 0);
    const log = new Log(files, key, none, options);
    await log.#commit([], log.#head);
    return log;
  }

  /** Continues a log; refuses unless its files lead to the checkpoint that this key signed. */
  static async open(files: LogFiles, key: SignerKey, options: LogOptions = {}): Promise<Log> {
    const bytes = await files.last();
    // A log whose memory was lost must not begin anew: it would sign a second history.
    if (bytes === undefined)
      throw new LogError("broken-log", "there is no log here; begin one, or restore its directory from a copy");
    signedIn(bytes);
    const head = openCheckpoint(Buffer.from(bytes).toString("utf8"), key);
    const read = await fetchTiles(files.read, Edge.tiles(head.size));
    const log = new Log(files, key, Edge.read(read, head.size), options);
    if (!sameHash(log.#head.root, head.root))
      throw new LogError("broken-log", "its tiles do not lead to its checkpoint; restore the log from a copy");
    // A process that ended in between has committed, and not shown it.
    if (!log.#waits) await log.#show([]);
    log.#leftovers.clear();
    return log;
  }

  /** What was signed last. */
  get head(): Checkpoint {
    return this.#head;
  }

  /** Appends entries; returns the index of the first. They are durable and signed for once it has returned. */
  append(entries: readonly Uint8Array[]): Promise<number> {
    return this.#inTurn(async () => {
      for (const entry of entries) assertFits(entry);
      if (this.#isBroken) throw new LogError("broken-log", "an earlier write failed; open the log again");
      const first = this.#edge.size;
      if (entries.length === 0) return first;
      this.#isBroken = true;
      const files = this.#edge.append(entries).map((piece) => ({ path: tilePath(piece), bytes: piece.bytes }));
      await this.#commit(files, { origin: this.#key.name, size: this.#edge.size, root: this.#edge.root() });
      this.#isBroken = false;
      return first;
    });
  }

  /** Shows the last checkpoint with the signatures of witnesses; false if the log has grown since they were asked. */
  publish(cosigned: Checkpoint, signatures: readonly NoteSignature[]): Promise<boolean> {
    return this.#inTurn(async () => {
      if (cosigned.size !== this.#head.size) return false;
      await this.#show(signatures);
      return true;
    });
  }

  /** The last checkpoint with the signature of the log, as witnesses are given it. */
  get signed(): string {
    return this.#signedAs(this.#head);
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#leftovers.done();
      await this.#files.close();
    });
  }

  async #commit(files: readonly LogFile[], head: Checkpoint): Promise<void> {
    await this.#files.commit(files, Buffer.from(this.#signedAs(head)));
    this.#head = head;
    this.#leftovers.grown(head.size);
    if (this.#waits) this.#leftovers.clear();
    else await this.#show([]);
  }

  async #show(witnesses: readonly NoteSignature[]): Promise<void> {
    await this.#files.show(Buffer.from(this.signed + witnesses.map(signatureLine).join("")));
    this.#leftovers.clear(this.#head.size);
  }

  #signedAs(head: Checkpoint): string {
    const text = checkpointText(head);
    return formatNote({ text, signatures: [signNote(text, this.#key)] });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => {});
    return done;
  }
}

/** What the note of a log's own memory says; its signatures are not looked at. Refuses a damaged one: no other place has it. */
export function signedIn(bytes: Uint8Array): Checkpoint {
  try {
    return parseCheckpoint(parseNote(Buffer.from(bytes).toString("utf8")));
  } catch (fault) {
    const why = "the note that the log signed last is damaged; restore the log from a copy";
    throw new LogError("broken-log", why, { cause: fault });
  }
}
