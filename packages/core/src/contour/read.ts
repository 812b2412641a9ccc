/**
 * Reads contour files from any source. Every line is checked for form and bounds, and every task and point is recomputed. The first
 * error ends the reading with one `bad-contour` that names the line.
 */
import { type Digest, RunningDigest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Event } from "../event/event.ts";
import type { Exchange, Profile } from "../profile/profile.ts";
import { profiles } from "../profile/profiles.ts";
import type { TsemEvent } from "../profile/tsem-event.ts";
import { isConflictMark } from "./conflict.ts";
import { Contour } from "./contour.ts";
import { Cursor, END_OF_FILE, type Section } from "./cursor.ts";
import { FORMAT_LINE, LAST_LINE } from "./file-layout.ts";
import { readFirstHeader } from "./format-1/head.ts";
import { type Counts, readEnd } from "./format-1/provenance.ts";
import { type Header, readHeader } from "./read-header.ts";
import { readPoints } from "./read-points.ts";
import { readCredentials, readTasks } from "./read-tables.ts";

/** A contour of the profile that its file names. */
export type AnyContour = Contour<Event> | Contour<TsemEvent>;

/** Bytes in pieces, as a file stream or an array yields them. */
export type Chunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** What a reader may refuse. */
export interface ReadOptions<E extends Exchange> {
  /** Refuse a contour of any other profile. */
  readonly profile?: Profile<E>;
  /** Refuse more points than this. */
  readonly maxPoints?: number;
  /** Called for a file of format 1, with what it says of its runs and points: today that stands in the evidence. */
  readonly onCounts?: (runs: number, counts: readonly PointCounts[]) => void;
}

/** How often a file of format 1 says that a point was seen, and in how many runs. */
export interface PointCounts extends Counts {
  readonly point: Digest;
}

/** Longest line in bytes: the longest line that is written holds a policy of the largest size. */
const MAX_LINE = 1 << 20;
const MAX_POINTS = 1 << 24;
const NEWLINE = 10;
const NEWLINE_BYTES = Buffer.of(NEWLINE);
const ASCII = /^[\0-\x7f]*$/;

/**
 * Reads a contour that arrives in pieces.
 *
 * @example
 * import { Contour, iso1, readContour, writeContour } from "@isoline/core";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * const contour = await readContour(writeContour(empty));
 * console.log(contour.size, contour.state() === empty.state());
 * // prints: 0 true
 */
export async function readContour<E extends Exchange>(
  chunks: Chunks,
  options: ReadOptions<E> & { readonly profile: Profile<E> },
): Promise<Contour<E>>;
export async function readContour(chunks: Chunks, options?: ReadOptions<Exchange>): Promise<AnyContour>;
export async function readContour(chunks: Chunks, options: ReadOptions<Exchange> = {}): Promise<unknown> {
  const reader = new ContourReader(options);
  for await (const chunk of chunks) reader.feed(chunk);
  return reader.end();
}

/**
 * Reads a contour that is in memory as a whole.
 *
 * @example
 * import { Contour, iso1, parseContour, writeContour } from "@isoline/core";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * const contour = parseContour([...writeContour(empty)].join(""));
 * console.log(contour.profile.name, contour.state() === empty.state());
 * // prints: iso1 true
 */
export function parseContour<E extends Exchange>(
  file: Uint8Array | string,
  options: ReadOptions<E> & { readonly profile: Profile<E> },
): Contour<E>;
export function parseContour(file: Uint8Array | string, options?: ReadOptions<Exchange>): AnyContour;
export function parseContour(file: Uint8Array | string, options: ReadOptions<Exchange> = {}): unknown {
  const reader = new ContourReader(options);
  reader.feed(file);
  return reader.end();
}

const FIRST_FORMAT_LINE = "isoline contour 1";

/** Parses the whole file, part after part. */
function* readFile(cursor: Cursor, options: ReadOptions<Exchange>): Section<Contour<Exchange>> {
  const isFirst = cursor.line === FIRST_FORMAT_LINE;
  if (!isFirst) assertFormat(cursor);
  yield;
  const contour = yield* isFirst ? readFirst(cursor, options) : readPresent(cursor, options);
  contour.beginRun();
  return contour;
}

function* readPresent(cursor: Cursor, options: ReadOptions<Exchange>): Section<Contour<Exchange>> {
  const contour = begun(yield* readHeader(cursor, options.profile?.name), options);
  yield* readBehaviour(cursor, contour, options);
  if (cursor.line !== LAST_LINE)
    throw cursor.refusal(`a line of a contour, and ${JSON.stringify(LAST_LINE)} as the last`);
  return contour;
}

function* readFirst(cursor: Cursor, options: ReadOptions<Exchange>): Section<Contour<Exchange>> {
  const { runs, ...header } = yield* readFirstHeader(cursor, options.profile?.name);
  const contour = begun(header, options);
  yield* readBehaviour(cursor, contour, options);
  const counts = yield* readEnd(cursor, contour, runs);
  options.onCounts?.(
    runs,
    counts.map((each, index) => ({ ...each, point: contour.point(index) })),
  );
  return contour;
}

function begun({ profile, incomplete, ...header }: Header, options: ReadOptions<Exchange>): Contour<Exchange> {
  const known = options.profile ?? (profiles[profile] as unknown as Profile<Exchange>);
  const contour = Contour.create({ ...header, profile: known });
  for (const reason of incomplete) contour.flag(reason);
  return contour;
}

function* readBehaviour(
  cursor: Cursor,
  contour: Contour<Exchange>,
  { maxPoints = MAX_POINTS }: ReadOptions<Exchange>,
): Section<void> {
  const tasks = yield* readTasks(cursor, contour);
  const credentials = yield* readCredentials(cursor);
  yield* readPoints(cursor, contour, { tasks, credentials }, maxPoints);
}

function assertFormat(cursor: Cursor): void {
  cursor.isContour = cursor.line.startsWith("isoline contour");
  if (cursor.line === FORMAT_LINE) return;
  if (cursor.line.endsWith("\r")) {
    throw cursor.refusal(
      "lines that end in a newline alone",
      "a carriage return before it (was the file checked out with autocrlf?)",
    );
  }
  if (cursor.startsWith("isoline contour")) {
    throw new IsolineError(
      "bad-contour",
      `contour file, line 1: expected version 2, got ${JSON.stringify(cursor.after("isoline contour").slice(0, 20))}; use the isoline that wrote the file, or learn it again`,
    );
  }
  throw cursor.refusal(JSON.stringify(FORMAT_LINE));
}

/** Takes bytes as they arrive and returns the contour at the end. */
class ContourReader {
  readonly #cursor = new Cursor();
  readonly #file: Section<Contour<Exchange>>;
  readonly #digest = new RunningDigest();
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** The line that is not complete yet, in pieces. */
  #rest: Buffer[] = [];
  #restLength = 0;
  #contour: Contour<Exchange> | undefined;

  constructor(options: ReadOptions<Exchange>) {
    this.#file = readFile(this.#cursor, options);
  }

  feed(chunk: Uint8Array | string): void {
    const bytes = bytesOf(chunk);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#readLine(this.#complete(bytes.subarray(start, end)));
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  end(): Contour<Exchange> {
    if (this.#restLength > 0) {
      this.#cursor.number += 1;
      throw this.#cursor.refusal("a newline at the end of the last line", "the end of the file");
    }
    if (!this.#contour) {
      this.#cursor.number += 1;
      this.#advance(END_OF_FILE);
    }
    return this.#contour as Contour<Exchange>;
  }

  /** Keeps the beginning of a line until the rest arrives. It is copied, because the caller may reuse the memory. */
  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#restLength += bytes.length;
    if (this.#restLength > MAX_LINE) {
      this.#cursor.number += 1;
      throw this.#cursor.refusal(`a line of at most ${MAX_LINE} bytes`, "a longer one");
    }
    this.#rest.push(Buffer.from(bytes));
  }

  #complete(end: Buffer): Buffer {
    if (this.#restLength === 0) return end;
    this.#keep(end);
    const line = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restLength = 0;
    return line;
  }

  #readLine(bytes: Buffer): void {
    this.#cursor.number += 1;
    if (bytes.length > MAX_LINE) throw this.#cursor.refusal(`a line of at most ${MAX_LINE} bytes`, `${bytes.length}`);
    if (this.#contour) throw this.#cursor.refusal("nothing after the last line", "another line");
    const line = this.#decode(bytes);
    if (isConflictMark(line)) throw this.#cursor.conflict(line);
    if (line.startsWith("sha256 ")) this.#cursor.digestBefore = this.#digest.finish();
    this.#advance(line);
    if (this.#contour) return;
    // Format 1 ends in a digest of everything before it.
    this.#digest.update(bytes);
    this.#digest.update(NEWLINE_BYTES);
  }

  #decode(bytes: Buffer): string {
    const latin1 = bytes.toString("latin1");
    if (ASCII.test(latin1)) return latin1;
    try {
      return this.#decoder.decode(bytes);
    } catch (error) {
      throw this.#cursor.refusal("UTF-8", "other bytes", error);
    }
  }

  #advance(line: string): void {
    this.#cursor.line = line;
    const step = this.#file.next();
    if (step.done) this.#contour = step.value;
  }
}

/** A view of bytes, or the bytes of a text. A caller without types may give anything. */
function bytesOf(chunk: Uint8Array | string): Buffer {
  if (typeof chunk === "string") return Buffer.from(chunk, "utf8");
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  throw new IsolineError(
    "bad-contour",
    `expected a contour as text or bytes, got ${chunk === null ? "null" : typeof chunk}; read the file first`,
  );
}
