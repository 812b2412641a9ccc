/**
 * Checkpoints (c2sp.org/tlog-checkpoint): a note that names a log, its size, and the root of its tree.
 *
 *   ORIGIN
 *   SIZE
 *   BASE64( root )
 */
import { LogError } from "../error.ts";
import { HASH_BYTES, type TreeHead } from "../tree/index.ts";
import { fromBase64 } from "./base64.ts";
import type { VerifierKey } from "./key.ts";
import { type Endorsement, endorsements, type Note, parseNote } from "./note.ts";

export interface Checkpoint extends TreeHead {
  readonly origin: string;
}

/** A checkpoint that its log signed, and the witnesses that signed it as well. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
  readonly witnesses: readonly Endorsement[];
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/** Reads a checkpoint, and refuses it unless it is signed by this log. Signatures of these witnesses must verify where they stand. */
export function openCheckpoint(
  given: string,
  log: VerifierKey,
  witnesses: readonly VerifierKey[] = [],
): SignedCheckpoint {
  const note = parseNote(given);
  const signed = endorsements(note, [log, ...witnesses]);
  if (!signed.some(({ key }) => key === log))
    throw new LogError(
      "unsigned-note",
      `expected a checkpoint signed by ${log.name}, got one of ${note.signatures.map(({ name }) => name).join(", ")}; ` +
        "check the key of the log",
    );
  const checkpoint = parseCheckpoint(note);
  if (checkpoint.origin !== log.name)
    throw bad(`the origin ${JSON.stringify(log.name)}`, JSON.stringify(checkpoint.origin.slice(0, 80)));
  return { ...checkpoint, note, witnesses: signed.filter(({ key }) => key !== log) };
}

/** What a note says as a checkpoint; its signatures are not looked at. */
export function parseCheckpoint({ text }: Note): Checkpoint {
  const [origin = "", size = "", root = "", ...more] = text.slice(0, -1).split("\n");
  const hash = fromBase64(root);
  if (origin === "" || !/^(0|[1-9]\d*)$/.test(size) || hash?.length !== HASH_BYTES)
    throw bad("three lines: origin, size, root", JSON.stringify(text.slice(0, 80)));
  // Witnesses are not asked to agree about further lines, and no monitor reads them.
  if (more.length > 0) throw bad("no line after the root", JSON.stringify(more[0]?.slice(0, 80)));
  if (!Number.isSafeInteger(Number(size))) throw bad("fewer than 2^53 entries", size.slice(0, 40));
  return { origin, size: Number(size), root: hash };
}

function bad(expected: string, got: string): LogError {
  return new LogError("bad-note", `expected a checkpoint with ${expected}, got ${got}; fetch it again`);
}
