/** Checkpoints (c2sp.org/tlog-checkpoint): a note that names a log, its size, and the root of its tree. */
import { LogError } from "../error.ts";
import { badCheckpoint, type Checkpoint, parseHead } from "./head.ts";
import type { VerifierKey } from "./key.ts";
import { type Endorsement, endorsements, type Note, parseNote } from "./note.ts";

/** A checkpoint that its log signed, and the witnesses that signed it as well. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
  readonly witnesses: readonly Endorsement[];
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
    throw badCheckpoint(`the origin ${JSON.stringify(log.name)}`, JSON.stringify(checkpoint.origin.slice(0, 80)));
  return { ...checkpoint, note, witnesses: signed.filter(({ key }) => key !== log) };
}

/** What a note says as a checkpoint; its signatures are not looked at. */
export const parseCheckpoint = ({ text }: Note): Checkpoint => parseHead(text);
