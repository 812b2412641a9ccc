/**
 * The journal of a live namespace: its departures on disk, so that they can be read when the namespace has ended, too.
 *
 *   NAME.journal       the present namespace of this name, or the last one
 *   NAME.journal.1     the one before it
 *
 * A line is a JSON object: first the run, then each departure as a report has it, then changes of earlier lines. The file is
 * begun with the first departure, belongs to this user alone, and stands in a directory that the sensor keeps from the workload.
 * A departure that happens again and again adds lines without end; so a journal that has grown by a few megabytes is written anew,
 * as it stands then. One that was removed meanwhile is written anew as well.
 */
import { closeSync, existsSync, fstatSync, lstatSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { isUntold } from "../namespace/ended-departures.ts";
import type { Ask } from "../namespace/requests.ts";
import type { DepartureReport, Loss, RunReport } from "../namespace/report.ts";
import { Output } from "../store/output.ts";
import { openKeptDirectory } from "./place.ts";

export const JOURNAL_SUFFIX = ".journal";
export const EARLIER_SUFFIX = ".journal.1";
const NOTE_EVERY_MS = 1000;
/** Changes of earlier lines, after which the journal is written anew. */
const MOST_CHANGE_BYTES = 4 * 1024 * 1024;
/** Departures in one journal; a workload decides how long its names are. Of the rest, the end says how many there were. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Journals of all namespaces together, which often stand in memory. */
const MOST_JOURNALS = 64;
const MOST_BYTES_IN_ALL = 128 * 1024 * 1024;
const UNKEPT =
  "departures since the journal was last written are neither in it nor in a report, as they did not fit into the memory of the agent";
const STALE = "departures whose count and time are as they were when the journal was last written";

/** What the first line of a journal says of the run. */
export interface JournalHead {
  readonly isoline: 1;
  readonly journal: 1;
  readonly name: string;
  readonly command: string;
  readonly contour: string;
  readonly started: string;
  readonly supervisor: number;
  readonly profile: string;
  readonly policy: string;
  readonly state: string;
}

/** A later line: a departure's new counts and time, by its place; what could not be observed; or the end. */
export type JournalChange =
  | { readonly again: number; readonly count: number; readonly refused: number; readonly last: string }
  | { readonly incomplete: readonly Loss[] }
  | { readonly ended: string };

/** A departure as a line, and how often it had been until then. */
interface Line {
  readonly text: string;
  readonly count: number;
}
type Begun = Pick<JournalHead, "profile" | "policy" | "state">;

export class Journal {
  readonly #about: Pick<JournalHead, "name" | "command" | "contour">;
  readonly #ask: Ask;
  readonly #off: () => number;
  readonly #started = new Date().toISOString();
  readonly #directory: string;
  readonly #mostBytes: number;
  /** Counts of the departures in the file, in order. */
  readonly #told: number[] = [];
  #fd: number | undefined;
  #bytes = 0;
  #changeBytes = 0;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;
  #noting: Promise<void> = Promise.resolve();
  #fault: string | undefined;

  /** `off` is the number of departures so far; reading it costs nothing. `mostBytes` bounds the departures in the file. */
  constructor(
    about: Pick<JournalHead, "name" | "command" | "contour">,
    ask: Ask,
    off: () => number,
    mostBytes: number = MOST_BYTES,
  ) {
    this.#about = about;
    this.#ask = ask;
    this.#off = off;
    this.#mostBytes = mostBytes;
    this.#directory = openKeptDirectory();
  }

  start(): void {
    this.#timer = setInterval(() => void this.note(), NOTE_EVERY_MS).unref();
  }

  /** Writes what has departed since the last time. */
  note(): Promise<void> {
    this.#noting = this.#noting.then(() => this.#note()).catch((fault: unknown) => this.#stop(fault));
    return this.#noting;
  }

  /** Writes the rest, now that all is known; returns why the journal is not whole, if it is not. */
  async end(report: RunReport | undefined): Promise<string | undefined> {
    clearInterval(this.#timer);
    await this.#noting;
    try {
      if (this.#fault === undefined && report !== undefined) this.#conclude(report);
    } catch (fault) {
      this.#stop(fault);
    }
    if (this.#fd !== undefined) closeSync(this.#fd);
    return this.#fault;
  }

  #conclude(report: RunReport): void {
    const { departures, incomplete } = report;
    if (departures.length === 0 && incomplete.length === 0) return;
    if (this.#isAbsent()) this.#open(report, departures.map(lineOf));
    else for (const departure of departures.slice(this.#told.length)) this.#tell(lineOf(departure));
    this.#recount(departures);
    const losses = this.#lossesAfter(report);
    if (losses.length > 0) this.#change({ incomplete: losses });
    this.#change({ ended: new Date().toISOString() });
  }

  /** The report may have been cut: what is missing here is counted by all that departed, and not by what is there. */
  #lossesAfter({ departures, incomplete }: RunReport): readonly Loss[] {
    const cut = incomplete.filter(isUntold).reduce((sum, { count }) => sum + count, 0);
    const told = this.#told.length;
    const untold = departures.length + cut - told;
    const stale = told - departures.length;
    return [
      ...incomplete.filter((loss) => !isUntold(loss)),
      ...(untold > 0 ? [{ reason: this.#missingText(cut > 0), count: untold }] : []),
      ...(stale > 0 ? [{ reason: STALE, count: stale }] : []),
    ];
  }

  async #note(): Promise<void> {
    const off = this.#off();
    if (off === this.#seen || this.#fault !== undefined) return;
    this.#seen = off;
    if (this.#isAbsent() || this.#changeBytes > MOST_CHANGE_BYTES) return this.#writeAnew();
    for (const line of await this.#linesFrom(this.#told.length)) this.#tell(line);
    this.#recount((await this.#ask({ ask: "recount" })) ?? []);
  }

  /** All that is known is gathered first, so that what was there before is not lost to a supervisor that is killed meanwhile. */
  async #writeAnew(): Promise<void> {
    const contour = await this.#ask({ ask: "contour" });
    if (contour === undefined) return;
    this.#open(contour, await this.#linesFrom(0));
  }

  /** Departures from one on, as far as they fit into a journal. */
  async #linesFrom(first: number): Promise<readonly Line[]> {
    const lines: Line[] = [];
    let room = this.#mostBytes - (first === 0 ? 0 : this.#bytes);
    while (room > 0) {
      const page = (await this.#ask({ ask: "departures", from: first + lines.length })) ?? [];
      if (page.length === 0) break;
      for (const departure of page) {
        const line = lineOf(departure);
        room -= line.text.length;
        lines.push(line);
      }
    }
    return lines;
  }

  /** Whether there is no file yet, or not any more. */
  #isAbsent(): boolean {
    return this.#fd === undefined || fstatSync(this.#fd).nlink === 0;
  }

  /** The file is never there without what was known when it was begun: its supervisor may be killed at any moment. */
  #open({ profile, policy, state }: Begun, lines: readonly Line[]): void {
    if (this.#fd === undefined) this.#makeRoom();
    else closeSync(this.#fd);
    this.#fd = undefined;
    this.#told.length = 0;
    this.#bytes = 0;
    const about = { ...this.#about, started: this.#started, supervisor: process.pid, profile, policy, state };
    const head = JSON.stringify({ isoline: 1, journal: 1, ...about } satisfies JournalHead);
    const told = lines.filter((line) => this.#takes(line)).map(({ text }) => text);
    const output = Output.open(join(this.#directory, this.#about.name + JOURNAL_SUFFIX));
    try {
      this.#fd = output.begin(0o600, [head, ...told].map((line) => `${line}\n`).join(""));
    } finally {
      output.close();
    }
    this.#changeBytes = 0;
  }

  #tell(line: Line): void {
    if (this.#takes(line)) this.#write(line.text);
  }

  /** Whether a line still fits. After the first that does not, none does. */
  #takes({ text, count }: Line): boolean {
    if (this.#bytes + text.length > this.#mostBytes) this.#bytes = this.#mostBytes;
    if (this.#bytes >= this.#mostBytes) return false;
    this.#bytes += text.length;
    this.#told.push(count);
    return true;
  }

  #recount(counts: readonly Pick<DepartureReport, "count" | "refused" | "last">[]): void {
    for (const [at, { count, refused, last }] of counts.slice(0, this.#told.length).entries()) {
      if (this.#told[at] === count) continue;
      this.#told[at] = count;
      this.#change({ again: at, count, refused, last });
    }
  }

  #change(change: JournalChange): void {
    const text = JSON.stringify(change);
    this.#changeBytes += text.length;
    this.#write(text);
  }

  #write(text: string): void {
    const bytes = Buffer.from(`${text}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd as number, bytes, at);
  }

  #missingText(isCut: boolean): string {
    const full = `departures beyond ${this.#mostBytes} bytes are not in the journal; --report FILE`;
    if (this.#bytes < this.#mostBytes) return UNKEPT;
    return isCut ? `${full} did not have them all either` : `${full} writes them all`;
  }

  /** A journal that cannot be written does not end the run. */
  #stop(fault: unknown): void {
    this.#fault ??= fault instanceof Error ? fault.message : String(fault);
    clearInterval(this.#timer);
  }

  /** Keeps the earlier journal of this name, and removes the oldest journals of namespaces that have ended. */
  #makeRoom(): void {
    const path = join(this.#directory, this.#about.name);
    if (isThere(path + JOURNAL_SUFFIX)) renameSync(path + JOURNAL_SUFFIX, path + EARLIER_SUFFIX);
    const journals = readdirSync(this.#directory)
      .filter((file) => file.endsWith(JOURNAL_SUFFIX) || file.endsWith(EARLIER_SUFFIX))
      .flatMap((file) => this.#ofOneThatEnded(file))
      .sort((one, other) => other.time - one.time);
    let bytes = this.#mostBytes;
    for (const [at, { path: old, size }] of journals.entries()) {
      bytes += size;
      if (at >= MOST_JOURNALS - 1 || bytes > MOST_BYTES_IN_ALL) rmSync(old, { force: true });
    }
  }

  #ofOneThatEnded(file: string): readonly { readonly path: string; readonly time: number; readonly size: number }[] {
    const path = join(this.#directory, file);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const socket = `${file.slice(0, file.lastIndexOf(JOURNAL_SUFFIX))}.sock`;
    const isLive = file.endsWith(JOURNAL_SUFFIX) && existsSync(join(dirname(this.#directory), socket));
    return stat?.isFile() === true && !isLive ? [{ path, time: stat.mtimeMs, size: stat.size }] : [];
  }
}

function lineOf(departure: DepartureReport): Line {
  return { text: JSON.stringify(departure), count: departure.count };
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
