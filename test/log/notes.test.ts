/** Signed notes: those of other implementations verify, and nothing that was changed does. */
import { describe, expect, it } from "vitest";
import {
  checkpointText,
  endorsements,
  formatNote,
  formatVerifierKey,
  openCheckpoint,
  parseNote,
  parseVerifierKey,
  signerKey,
  signNote,
} from "../../packages/log/src/note/index.ts";
import { leafHash } from "../../packages/log/src/tree/index.ts";

/** The example of c2sp.org/signed-note. */
const SPECIFIED = {
  key: "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
  note:
    "This is an example message.\n\n— example.com/foo " +
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
};
/** The example of Go's golang.org/x/mod/sumdb/note. */
const OF_GO = {
  key: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  note:
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann " +
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
};

const log = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const witness = signerKey("witness.example/one", "witness", new Uint8Array(32).fill(2));
const checkpoint = { origin: log.name, size: 7, root: leafHash(new Uint8Array()) };
const text = checkpointText(checkpoint);
const note = formatNote({ text, signatures: [signNote(text, log), signNote(text, witness, 1_700_000_000)] });

describe("a signed note", () => {
  it.each([
    ["the specification", SPECIFIED],
    ["Go", OF_GO],
  ])("of %s verifies, and not with another text", (_, { key, note: given }) => {
    const known = parseVerifierKey(key, "log");
    expect(endorsements(parseNote(given), [known])).toEqual([{ key: known, seconds: undefined }]);
    expect(() => endorsements(parseNote(given.replace("a", "e")), [known])).toThrow(/does not verify/);
    expect(formatNote(parseNote(given))).toBe(given);
    expect(formatVerifierKey(known)).toBe(key);
  });

  it("passes over signatures of keys that are not known", () => {
    expect(endorsements(parseNote(note), [])).toEqual([]);
  });

  it.each([
    ["no signature", "text\n"],
    ["no last newline", note.slice(0, -1)],
    ["a control character", note.replace("example", "exam\tple")],
    ["a signature that is no base64", note.replace(/ (\S+)\n$/, " $1=\n")],
    ["another dash", note.replaceAll("—", "-")],
    ["too many signatures", formatNote({ text, signatures: Array.from({ length: 65 }, () => signNote(text, log)) })],
    ["too many bytes", `${"x".repeat(100_000)}\n${note}`],
  ])("is refused with %s", (_, given) => {
    expect(() => parseNote(given)).toThrow(/expected a signed note/);
  });

  it.each([
    ["another id", SPECIFIED.key.replace("530d903a", "530d903b")],
    ["another name", SPECIFIED.key.replace("foo", "bar")],
    ["a witness's type", formatVerifierKey(witness)],
    ["nothing", ""],
    ["a short key", "example.com/foo+530d903a+AekyeRrm"],
  ])("a key with %s is refused", (_, given) => {
    expect(() => parseVerifierKey(given, "log")).toThrow(/copy the key again/);
  });
});

describe("a checkpoint", () => {
  it("is opened with the signatures of its witnesses and their times", () => {
    const opened = openCheckpoint(note, log, [witness]);
    expect(opened).toMatchObject({ origin: log.name, size: 7 });
    expect(opened.witnesses).toEqual([{ key: witness, seconds: 1_700_000_000 }]);
  });

  it("is refused without the signature of its log, with another origin, and with further lines", () => {
    const by = (key: typeof log, given: string) => formatNote({ text: given, signatures: [signNote(given, key)] });
    expect(() => openCheckpoint(by(witness, text), log)).toThrow(/check the key/);
    expect(() => openCheckpoint(by(log, text.replace("log", "gol")), log)).toThrow(/origin/);
    expect(() => openCheckpoint(by(log, `${text}more\n`), log)).toThrow(/no line after/);
    expect(() => openCheckpoint(by(log, text.replace("\n7\n", "\n07\n")), log)).toThrow(/three lines/);
    expect(() => openCheckpoint(by(log, text.replace("\n7\n", "\n9007199254740993\n")), log)).toThrow(/2\^53/);
  });

  it("is refused when any bit of it is flipped, and when it ends early", () => {
    const whole = Buffer.from(note);
    const opens = (given: Buffer) => {
      try {
        return openCheckpoint(given.toString("utf8"), log, [witness]);
      } catch (fault) {
        return (fault as { code?: string }).code ?? fault;
      }
    };
    const results = new Set<unknown>();
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const opened = opens(changed);
      // A witness whose name or id is not known any more is passed over; nothing else of the note may differ.
      results.add(
        typeof opened === "object" ? `witnesses: ${(opened as { witnesses: unknown[] }).witnesses.length}` : opened,
      );
    }
    for (let length = 0; length < whole.length; length++) {
      const opened = opens(whole.subarray(0, length));
      results.add(
        typeof opened === "object" ? `witnesses: ${(opened as { witnesses: unknown[] }).witnesses.length}` : opened,
      );
    }
    expect(results).toEqual(new Set(["bad-note", "unsigned-note", "witnesses: 0"]));
  });
});
