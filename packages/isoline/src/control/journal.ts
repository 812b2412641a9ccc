/**
 * The journal of a live namespace: its departures on disk, so that they can be read when the namespace has ended, too.
 *
 *   NAME.journal       the present namespace of this name, or the last one
 *   NAME.journal.1     the one before it
 *
 * A line is a JSON object: first the run, then each departure as a report has it, then changes of earlier lines. The file is
 * begun with the first departure, belongs to this user alone, and stands in a directory that the sensor keeps from the workload.
 * A departure that happens again and again adds lines without end; so a journal that has grown by a few megabytes is written anew,
 * as it stands then.
 */
import { closeSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Ask } from "../namespace/requests.ts";
import type { DepartureReport, Loss, RunReport } from "../namespace/report.ts";
import { Output } from "../store/output.ts";
import { openKeptDirectory } from "./place.ts";

export const JOURNAL_SUFFIX = ".journal";
export const EARLIER_SUFFIX = ".journal.1";
const NOTE_EVERY_MS = 1000;
/** Changes of earlier lines, after which the journal is written anew. */
const MOST_CHANGE_BYTES = 4 * 1024 * 1024;
/** Journals of all namespaces together. */
const MOST_JOURNALS = 64;

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

interface Told {
  readonly count: number;
}

export class Journal {
  readonly #about: Pick<JournalHead, "name" | "command" | "contour">;
  readonly #ask: Ask;
  readonly #off: () => number;
  readonly #started = new Date().toISOString();
  readonly #directory: string;
  readonly #told: Told[] = [];
  #fd: number | undefined;
  #changeBytes = 0;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;
  #noting: Promise<void> = Promise.resolve();
  #fault: string | undefined;

  /** `off` is the number of departures so far; reading it costs nothing. */
  constructor(about: Pick<JournalHead, "name" | "command" | "contour">, ask: Ask, off: () => number) {
    this.#about = about;
    this.#ask = ask;
    this.#off = off;
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
      if (this.#fault === undefined && report !== undefined && report.departures.length > 0) this.#conclude(report);
    } catch (fault) {
      this.#stop(fault);
    }
    if (this.#fd !== undefined) closeSync(this.#fd);
    return this.#fault;
  }

  #conclude(report: RunReport): void {
    const { departures, incomplete } = report;
    if (this.#fd === undefined) this.#open(report);
    for (const departure of departures.slice(this.#told.length)) this.#tell(departure);
    this.#recount(departures);
    if (incomplete.length > 0) this.#write({ incomplete });
    this.#write({ ended: new Date().toISOString() });
  }

  async #note(): Promise<void> {
    const off = this.#off();
    if (off === this.#seen || this.#fault !== undefined) return;
    this.#seen = off;
    if (this.#fd === undefined && !(await this.#begin())) return;
    await this.#tellNew();
    this.#recount((await this.#ask({ ask: "recount" })) ?? []);
    if (this.#changeBytes > MOST_CHANGE_BYTES && (await this.#begin())) await this.#tellNew();
  }

  async #tellNew(): Promise<void> {
    for (let page = await this.#page(); page.length > 0; page = await this.#page())
      for (const departure of page) this.#tell(departure);
  }

  /** Begins a file with all that is known; false where the namespace has ended meanwhile. */
  async #begin(): Promise<boolean> {
    const contour = await this.#ask({ ask: "contour" });
    if (contour === undefined) return false;
    this.#open(contour);
    return true;
  }

  #open({ profile, policy, state }: Pick<JournalHead, "profile" | "policy" | "state">): void {
    const isFirst = this.#fd === undefined;
    if (isFirst) this.#makeRoom();
    else closeSync(this.#fd as number);
    this.#told.length = 0;
    this.#changeBytes = 0;
    const output = Output.open(join(this.#directory, this.#about.name + JOURNAL_SUFFIX));
    this.#fd = output.begin(0o600);
    output.close();
    const head = { ...this.#about, started: this.#started, supervisor: process.pid, profile, policy, state };
    this.#write({ isoline: 1, journal: 1, ...head });
    this.#changeBytes = 0;
  }

  async #page(): Promise<readonly DepartureReport[]> {
    return (await this.#ask({ ask: "departures", from: this.#told.length })) ?? [];
  }

  #tell(departure: DepartureReport): void {
    this.#told.push({ count: departure.count });
    const before = this.#changeBytes;
    this.#write(departure);
    this.#changeBytes = before;
  }

  #recount(counts: readonly Pick<DepartureReport, "count" | "refused" | "last">[]): void {
    for (const [at, { count, refused, last }] of counts.slice(0, this.#told.length).entries()) {
      if (this.#told[at]?.count === count) continue;
      this.#told[at] = { count };
      this.#write({ again: at, count, refused, last });
    }
  }

  #write(line: JournalHead | DepartureReport | JournalChange): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd as number, bytes, at);
    this.#changeBytes += bytes.length;
  }

  /** A journal that cannot be written does not end the run. */
  #stop(fault: unknown): void {
    this.#fault ??= fault instanceof Error ? fault.message : String(fault);
    clearInterval(this.#timer);
  }

  /** Keeps the earlier journal of this name, and removes the oldest journals of all. */
  #makeRoom(): void {
    const path = join(this.#directory, this.#about.name);
    if (isThere(path + JOURNAL_SUFFIX)) renameSync(path + JOURNAL_SUFFIX, path + EARLIER_SUFFIX);
    const journals = readdirSync(this.#directory)
      .filter((file) => file.endsWith(JOURNAL_SUFFIX) || file.endsWith(EARLIER_SUFFIX))
      .map((file) => ({ path: join(this.#directory, file), time: statSync(join(this.#directory, file)).mtimeMs }))
      .sort((one, other) => other.time - one.time);
    for (const { path: old } of journals.slice(MOST_JOURNALS - 1)) rmSync(old, { force: true });
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
