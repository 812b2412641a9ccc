/**
 * A log that this process appends to.
 *
 * Two checkpoints: `committed` is the log's own memory, and is what makes entries durable; tiles that it does not need yet are written
 * first, and mean nothing until it follows. `checkpoint` is what the log shows. Where witnesses are asked, it follows once they have
 * signed, so that a reader never sees a checkpoint that too few have seen.
 */
import { LogError } from "../error.ts";
import {
  type Checkpoint,
  checkpointText,
  formatNote,
  type NoteSignature,
  openCheckpoint,
  signatureLine,
  type SignerKey,
  signNote,
} from "../note/index.ts";
import type { LogStore } from "../store/index.ts";
import { sameHash } from "../tree/index.ts";
import { assertFits, tilePath } from "../tiles/index.ts";
import { Edge } from "./edge.ts";

/** Where the checkpoint of a log is found (c2sp.org/tlog-tiles). */
export const CHECKPOINT = "checkpoint";
/** Where it keeps what it has signed for. */
export const COMMITTED = "committed";

export interface LogOptions {
  /** Checkpoints are shown only by `publish`. */
  readonly waitsForWitnesses?: boolean;
}

export class Log {
  readonly #store: LogStore;
  readonly #key: SignerKey;
  readonly #edge: Edge;
  readonly #waits: boolean;
  #head: Checkpoint;
  /** After a write that failed, memory is ahead of the files. */
  #isBroken = false;

  private constructor(store: LogStore, key: SignerKey, edge: Edge, { waitsForWitnesses = false }: LogOptions) {
    this.#store = store;
    this.#waits = waitsForWitnesses;
    this.#key = key;
    this.#edge = edge;
    this.#head = { origin: key.name, size: edge.size, root: edge.root() };
  }

  /** Begins a log without entries, whose origin is the name of its key; refuses where one is. */
  static create(store: LogStore, key: SignerKey, options: LogOptions = {}): Log {
    if (store.read(COMMITTED) !== undefined || store.read(CHECKPOINT) !== undefined)
      throw new LogError("log-in-use", "there is a log already; choose another directory, or append to that one");
    const log = new Log(store, key, Edge.read(store.read, 0), options);
    log.#commit();
    return log;
  }

  /** Continues a log; refuses unless its files lead to the checkpoint that this key signed. */
  static open(store: LogStore, key: SignerKey, options: LogOptions = {}): Log {
    const bytes = store.read(COMMITTED);
    // A log whose memory was lost must not begin anew: it would sign a second history.
    if (bytes === undefined)
      throw new LogError("broken-log", "there is no log here; begin one, or restore its directory from a copy");
    const head = openCheckpoint(Buffer.from(bytes).toString("utf8"), key);
    const log = new Log(store, key, Edge.read(store.read, head.size), options);
    if (!sameHash(log.#head.root, head.root))
      throw new LogError("broken-log", "its tiles do not lead to its checkpoint; restore the log from a copy");
    // A process that ended in between has committed, and not shown it.
    if (!log.#waits) log.#show([]);
    return log;
  }

  /** What was signed last. */
  get head(): Checkpoint {
    return this.#head;
  }

  /** Appends entries; returns the index of the first. They are durable and signed for when this returns. */
  append(entries: readonly Uint8Array[]): number {
    for (const entry of entries) assertFits(entry);
    if (this.#isBroken) throw new LogError("broken-log", "an earlier write failed; open the log again");
    const first = this.#edge.size;
    this.#isBroken = true;
    for (const piece of this.#edge.append(entries)) this.#store.write(tilePath(piece), piece.bytes);
    this.#store.settle();
    this.#head = { origin: this.#key.name, size: this.#edge.size, root: this.#edge.root() };
    this.#commit();
    this.#isBroken = false;
    return first;
  }

  /** Shows the last checkpoint with the signatures of witnesses; false if the log has grown since they were asked. */
  publish(cosigned: Checkpoint, signatures: readonly NoteSignature[]): boolean {
    if (cosigned.size !== this.#head.size) return false;
    this.#show(signatures);
    return true;
  }

  /** The last checkpoint with the signature of the log, as witnesses are given it. */
  get signed(): string {
    const text = checkpointText(this.#head);
    return formatNote({ text, signatures: [signNote(text, this.#key)] });
  }

  close(): void {
    this.#store.close();
  }

  #commit(): void {
    this.#store.write(COMMITTED, Buffer.from(this.signed));
    this.#store.settle();
    if (!this.#waits) this.#show([]);
  }

  #show(witnesses: readonly NoteSignature[]): void {
    this.#store.write(CHECKPOINT, Buffer.from(this.signed + witnesses.map(signatureLine).join("")));
    this.#store.settle();
  }
}
