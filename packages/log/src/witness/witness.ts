/**
 * A witness (c2sp.org/tlog-witness): signs the checkpoint of a log only if it continues the one that it signed before. So two readers
 * who both ask for its signature cannot be shown two histories.
 */
import { createHash } from "node:crypto";
import { LogError } from "../error.ts";
import {
  checkpointText,
  formatNote,
  fromBase64,
  openCheckpoint,
  type SignedCheckpoint,
  type SignerKey,
  signatureLine,
  signNote,
  type VerifierKey,
} from "../note/index.ts";
import type { LogStore } from "../store/index.ts";
import { assertConsistent, EMPTY_ROOT, HASH_BYTES, sameHash, type TreeHead } from "../tree/index.ts";

/** No request is longer, in bytes. */
export const MOST_REQUEST = 120_000;
const MOST_HASHES = 63;

/** What is answered: a status of HTTP, and a text. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface WitnessOptions {
  readonly key: SignerKey;
  /** The logs that it signs for. */
  readonly logs: readonly VerifierKey[];
  /** Where it keeps what it signed. */
  readonly store: LogStore;
  /** Seconds since 1970. */
  readonly now: () => number;
}

export class Witness {
  readonly #options: WitnessOptions;

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  /**
   * Answers `POST add-checkpoint`. It runs to its end in one turn, so no other request comes between the check of what was signed and
   * the note of what is.
   */
  addCheckpoint(body: string): Answer {
    const request = parseRequest(body);
    if (request === undefined) return refusal(400, "expected `old SIZE`, hashes, an empty line and a checkpoint");
    const log = this.#logOf(request.checkpoint);
    if (log === undefined) return refusal(404, "this witness does not know the log");
    const offered = opened(request.checkpoint, log);
    if (offered === undefined) return refusal(403, "the checkpoint is not signed by the key of its log");
    if (request.old > offered.size) return refusal(400, "the old size is larger than that of the checkpoint");
    const last = this.#last(log);
    if (last === undefined) return refusal(500, UNREADABLE);
    // Two trees of one size are a conflict as well (c2sp.org/tlog-witness), whatever the proof.
    const isOther = offered.size === last.size && !sameHash(offered.root, last.root);
    if (request.old !== last.size || isOther) return { status: 409, type: "text/x.tlog.size", body: `${last.size}\n` };
    if (!continues(last, offered, request.proof))
      return refusal(422, "the proof does not lead from the old tree to this one");
    return { status: 200, type: TEXT, body: this.#sign(offered, log) };
  }

  /** Answers `GET ORIGIN-HASH/checkpoint`: the last checkpoint that it signed. */
  latest(originHash: string): Answer {
    const log = this.#options.logs.find(({ name }) => hashOf(name) === originHash);
    const kept = log && this.#options.store.read(hashOf(log.name));
    return kept === undefined
      ? refusal(404, "this witness has signed nothing of that log")
      : { status: 200, type: TEXT, body: Buffer.from(kept).toString("utf8") };
  }

  /** By the first line alone: a damaged checkpoint of a known log is one that its key did not sign. */
  #logOf(checkpoint: string): VerifierKey | undefined {
    const [origin] = checkpoint.split("\n", 1);
    return this.#options.logs.find(({ name }) => name === origin);
  }

  /** Undefined if what is kept does not open with the key of the log. */
  #last(log: VerifierKey): TreeHead | undefined {
    const kept = this.#options.store.read(hashOf(log.name));
    if (kept === undefined) return { size: 0, root: EMPTY_ROOT };
    return opened(Buffer.from(kept).toString("utf8"), log, [this.#options.key]);
  }

  /**
   * Signs, and keeps what is signed before the signature leaves. A request may repeat the line of the log as often as a note has room for:
   * one is kept, and nothing that could not be read again.
   */
  #sign({ note, ...checkpoint }: SignedCheckpoint, log: VerifierKey): string {
    const { key, store, now } = this.#options;
    const text = checkpointText(checkpoint);
    const signature = signNote(text, key, now());
    // Each of its lines verifies, or the checkpoint was refused.
    const ofLog = note.signatures.filter(({ name, id }) => name === log.name && id === log.id).slice(0, 1);
    const kept = formatNote({ text, signatures: [...ofLog, signature] });
    openCheckpoint(kept, log, [key]);
    store.write(hashOf(checkpoint.origin), Buffer.from(kept));
    store.settle();
    return signatureLine(signature);
  }
}

interface Request {
  readonly old: number;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
}

function parseRequest(body: string): Request | undefined {
  const end = body.indexOf("\n\n");
  if (end < 0 || body.length > MOST_REQUEST) return undefined;
  const [first = "", ...lines] = body.slice(0, end).split("\n");
  const [, old] = /^old (0|[1-9]\d{0,15})$/.exec(first) ?? [];
  const proof = lines.map(fromBase64);
  if (old === undefined || !Number.isSafeInteger(Number(old)) || lines.length > MOST_HASHES) return undefined;
  if (!proof.every((hash) => hash?.length === HASH_BYTES)) return undefined;
  return { old: Number(old), proof: proof as Uint8Array[], checkpoint: body.slice(end + 2) };
}

function opened(
  checkpoint: string,
  log: VerifierKey,
  witnesses: readonly VerifierKey[] = [],
): SignedCheckpoint | undefined {
  try {
    return openCheckpoint(checkpoint, log, witnesses);
  } catch (fault) {
    if (fault instanceof LogError) return undefined;
    throw fault;
  }
}

function continues(last: TreeHead, offered: TreeHead, proof: readonly Uint8Array[]): boolean {
  try {
    assertConsistent(last, offered, proof);
    return true;
  } catch (fault) {
    if (fault instanceof LogError) return false;
    throw fault;
  }
}

/** Under which a witness keeps, and serves, what it signed of a log: SHA-256 of its origin, in lower-case hexadecimal. */
export const hashOf = (origin: string): string => createHash("sha256").update(origin).digest("hex");

const UNREADABLE =
  "what this witness signed of the log does not open with the log's key: give a log with a new key a new name; else restore the witness";
const TEXT = "text/plain; charset=utf-8";

function refusal(status: number, why: string): Answer {
  return { status, type: TEXT, body: `${why}\n` };
}
