/**
 * Signed notes (c2sp.org/signed-note): a text, an empty line, and a line for each signature.
 *
 *   — NAME BASE64( key id 4, big-endian ‖ signature )
 */
import { LogError } from "../error.ts";
import { fromBase64 } from "./base64.ts";
import { type SignerKey, signText, type VerifierKey, verifyText } from "./key.ts";

/** A checkpoint with sixteen post-quantum signatures has some 60 kB. */
const MOST_BYTES = 100_000;
const MOST_SIGNATURES = 64;
const ID_BYTES = 4;

export interface NoteSignature {
  readonly name: string;
  /** In lower-case hexadecimal. */
  readonly id: string;
  readonly signature: Uint8Array;
}

/** A note whose signatures are not checked yet: its text must not be believed. */
export interface Note {
  /** With its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that was checked. */
export interface Endorsement {
  readonly key: VerifierKey;
  /** When a witness signed, in seconds since 1970. */
  readonly seconds: number | undefined;
}

export function parseNote(given: string): Note {
  if (Buffer.byteLength(given) > MOST_BYTES) throw bad(`at most ${MOST_BYTES} bytes`, "more");
  if (/[\u0000-\u0009\u000b-\u001f\ufffd]/u.test(given))
    throw bad("UTF-8 without control characters", "something else");
  const end = given.lastIndexOf("\n\n");
  if (end < 0 || !given.endsWith("\n")) throw bad("a text, an empty line and signatures", "no such parts");
  const lines = given.slice(end + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) throw bad(`at most ${MOST_SIGNATURES} signatures`, `${lines.length}`);
  return { text: given.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(signatureLine).join("")}`;
}

/** The line of one signature, with its newline. */
export function signatureLine({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([Buffer.from(id, "hex"), signature]).toString("base64")}\n`;
}

/** One line without its newline. */
export function parseSignature(line: string): NoteSignature {
  const [, name = "", encoded = ""] = /^— ([^+\s]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
  const bytes = fromBase64(encoded);
  if (name === "" || bytes === undefined || bytes.length <= ID_BYTES) throw bad("“— NAME BASE64”", quoted(line));
  return {
    name,
    id: Buffer.from(bytes.subarray(0, ID_BYTES)).toString("hex"),
    signature: bytes.subarray(ID_BYTES),
  };
}

/** Signs a text; `seconds` since 1970 for a witness. */
export function signNote(text: string, key: SignerKey, seconds?: number): NoteSignature {
  return { name: key.name, id: key.id, signature: signText(key, text, seconds) };
}

/**
 * The signatures of known keys. A signature of an unknown key is passed over; one of a known key that does not verify refuses the
 * whole note.
 */
export function endorsements({ text, signatures }: Note, known: readonly VerifierKey[]): readonly Endorsement[] {
  const found = new Map<VerifierKey, Endorsement>();
  for (const { name, id, signature } of signatures) {
    const key = known.find((each) => each.name === name && each.id === id);
    if (key === undefined) continue;
    const verified = verifyText(key, text, signature);
    if (verified === undefined)
      throw new LogError(
        "unsigned-note",
        `the signature of ${name} does not verify: the note was changed, or made by another key of that name; fetch it again`,
      );
    found.set(key, { key, ...verified });
  }
  return [...found.values()];
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));

function bad(expected: string, got: string): LogError {
  return new LogError("bad-note", `expected a signed note with ${expected}, got ${got}; fetch it again`);
}
