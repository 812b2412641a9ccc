/** Reads evidence that anyone may have written: with bounds, and with one refusal for all that is wrong. */
import { sha256 } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { FORMAT } from "./encode.ts";
import { Evidence, MOST_RUNS } from "./evidence.ts";
import { isId, readAcceptance, readReplaced, readRun } from "./read-json.ts";
import { RunSet } from "./run-set.ts";
import { KEY_BYTES, SeenTable } from "./seen-table.ts";

/** The largest file that is read. */
export const MOST_EVIDENCE_BYTES = 1 << 27;
/** More points than this have no evidence. */
export const MOST_EVIDENCE_POINTS = 1 << 20;

const MOST_REMARKS = 1 << 17;
const MOST_LINE = 1 << 18;
const MOST_PAST = 0xffff_ffff;
const NEWLINE = 10;

/** The evidence in the bytes of a file; throws `bad-evidence` for anything else. Its points are known by key until `resolve`. */
export function decodeEvidence(file: Uint8Array): Evidence {
  if (file.length > MOST_EVIDENCE_BYTES) throw refusal(`at most ${MOST_EVIDENCE_BYTES} bytes`, String(file.length));
  const reader = new EvidenceReader(Buffer.from(file.buffer, file.byteOffset, file.length));
  const first = reader.line();
  if (first !== FORMAT) throw refusal(`a first line ${JSON.stringify(FORMAT)}`, first);
  const digest = reader.after("sha256");
  const found = sha256(reader.rest);
  if (digest !== found) throw refusal(`${digest} over everything after the second line`, found);
  return bodyIn(reader);
}

function bodyIn(reader: EvidenceReader): Evidence {
  const past = reader.startsWith("past") ? reader.count("past", MOST_PAST) : 0;
  const folded = reader.startsWith("folded") ? reader.after("folded").split(" ") : [];
  if (!folded.every(isId)) throw refusal("ids of sixteen hexadecimal digits", folded.join(" "));
  const runs = reader.each("run", MOST_RUNS, readRun);
  if (new Set(runs.map(({ id }) => id)).size !== runs.length) throw refusal("each run once", "a run twice");
  const replaced = reader.each("replaced", MOST_REMARKS, readReplaced);
  const acceptances = reader.each("accepted", MOST_REMARKS, readAcceptance);
  const sets = reader.count("sets", MOST_EVIDENCE_POINTS);
  const points = reader.count("points", MOST_EVIDENCE_POINTS);
  const entries = readEntries(reader, { runs: runs.length, past, sets, points });
  const evidence = Evidence.restore(runs, past, folded, entries);
  evidence.addReplaced(replaced);
  evidence.addAcceptances(acceptances);
  return evidence;
}

interface Counts {
  readonly runs: number;
  readonly past: number;
  readonly sets: number;
  readonly points: number;
}

function readEntries(reader: EvidenceReader, { runs, past, sets, points }: Counts): SeenTable {
  const width = Math.ceil(runs / 8);
  const bytes = Array.from({ length: sets }, () => reader.bytes(width));
  if (bytes.some((set) => (set.at(-1) ?? 0) >>> (((runs - 1) % 8) + 1) > 0))
    throw refusal("sets of known runs", "more");
  const table = bytes.map((set) => RunSet.fromBytes(set));
  const entries = new SeenTable();
  let last: Buffer | undefined;
  for (let point = 0; point < points; point++) {
    const key = reader.bytes(KEY_BYTES);
    if (last !== undefined && last.compare(key) >= 0) throw refusal("keys in ascending order", key.toString("hex"));
    last = key;
    const entry = entries.atBytes(key);
    const set = table[reader.number(sets - 1)] as RunSet;
    entries.setRuns(entry, set.copy());
    entries.setOccurrences(entry, reader.number(Number.MAX_SAFE_INTEGER));
    entries.setPast(entry, reader.number(past));
  }
  if (reader.rest.length > 0) throw refusal("the end of the file", `${reader.rest.length} more bytes`);
  return entries;
}

/** Takes one part of a file after another. */
class EvidenceReader {
  readonly #file: Buffer;
  #at = 0;

  constructor(file: Buffer) {
    this.#file = file;
  }

  get rest(): Buffer {
    return this.#file.subarray(this.#at);
  }

  line(): string {
    const end = this.rest.subarray(0, MOST_LINE).indexOf(NEWLINE);
    if (end < 0)
      throw refusal("a line of text", this.rest.length === 0 ? "the end of the file" : "more, or other bytes");
    const line = this.rest.toString("utf8", 0, end);
    this.#at += end + 1;
    return line;
  }

  startsWith(word: string): boolean {
    return this.rest.toString("latin1", 0, word.length + 1) === `${word} `;
  }

  /** The rest of a line that begins with a word. */
  after(word: string): string {
    const line = this.line();
    if (!line.startsWith(`${word} `)) throw refusal(`a line that begins with "${word} "`, line);
    return line.slice(word.length + 1);
  }

  count(word: string, most: number): number {
    const text = this.after(word);
    if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text) || Number(text) > most) throw refusal(`a number up to ${most}`, text);
    return Number(text);
  }

  /** What each of the next lines that begin with a word says, in JSON. */
  each<T>(word: string, most: number, read: (value: unknown) => T | undefined): T[] {
    const all: T[] = [];
    while (this.startsWith(word)) {
      if (all.length === most) throw refusal(`at most ${most} lines "${word}"`, "more");
      const text = this.after(word);
      const value = read(parsed(text));
      if (value === undefined) throw refusal(`"${word}" and what docs/spec/evidence-file.md says`, text);
      all.push(value);
    }
    return all;
  }

  bytes(length: number): Buffer {
    const bytes = this.#file.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw refusal(`${length} bytes`, "the end of the file");
    this.#at += length;
    return bytes;
  }

  /** A number in LEB128, in its shortest form. */
  number(most: number): number {
    let value = 0;
    for (let place = 1; ; place *= 128) {
      const byte = this.#file[this.#at++];
      if (byte === undefined) throw refusal("a number", "the end of the file");
      value += (byte & 127) * place;
      if (value > most || (byte === 0 && place > 1)) throw refusal(`a number up to ${most}`, String(value));
      if (byte < 128) return value;
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(expected: string, got: string): IsolineError {
  return new IsolineError(
    "bad-evidence",
    `evidence file: expected ${expected}, got ${JSON.stringify(got.slice(0, 80))}; ` +
      "delete it: the contour works without, and only what is said about future runs is missing",
  );
}
