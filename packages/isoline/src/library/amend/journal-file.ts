/** Reads the journals of namespaces that have ended, or whose supervisor has gone. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EARLIER_SUFFIX, JOURNAL_SUFFIX } from "../../control/journal.ts";
import { fitKeptDirectories, meant, openKeptDirectory } from "../../control/place.ts";
import { CliError } from "../../error.ts";
import { openRegular, readOpened, Unfit } from "../../store/bounded-file.ts";
import { bad, type Departed, DepartureReader, readHead } from "./departed.ts";
import { jsonOf } from "./report-file.ts";

const MOST_JOURNAL_BYTES = 256 * 1024 * 1024;

/** A journal, and whether its namespace ended or only its file does. */
export interface ReadJournal extends Departed {
  readonly name: string;
  readonly ended: string | undefined;
}

/** The journal of the last namespace of this name, or of the one before it; undefined if there is none. */
export function readJournalOf(name: string, earlier = false): ReadJournal | undefined {
  const directory = openKeptDirectory();
  const suffix = earlier ? EARLIER_SUFFIX : JOURNAL_SUFFIX;
  const names = readdirSync(directory).flatMap((file) =>
    file.endsWith(suffix) ? [file.slice(0, -suffix.length)] : [],
  );
  const found = meant(names, (each) => each, name);
  const [only, second] = found;
  if (only === undefined) return undefined;
  if (second !== undefined)
    throw new CliError(
      "no-such-namespace",
      `${name} could be any of ${found.slice(0, 10).join(", ")}; give more of the name`,
    );
  return readJournal(`${directory}/${only}${suffix}`, only);
}

/** A journal that is there. */
export interface FoundJournal {
  /** What changes whenever the journal does. */
  readonly version: string;
  /** Throws `bad-report` where it is damaged, and anything else where it could not be read this time. */
  readonly read: () => ReadJournal;
}

/** The journal of the last namespace of exactly this name; undefined if there is none. */
export function findJournal(name: string): FoundJournal | undefined {
  const file = name + JOURNAL_SUFFIX;
  const directory = fitKeptDirectories().find((each) => readdirSync(each).includes(file));
  if (directory === undefined) return undefined;
  const path = join(directory, file);
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const version = [found.dev, found.ino, found.size, found.mtimeNs].join(" ");
  return { version, read: () => readJournal(path, name) };
}

/** Whether a namespace of exactly this name has a journal. */
export function hasJournal(name: string): boolean {
  return fitKeptDirectories().some((directory) => readdirSync(directory).includes(name + JOURNAL_SUFFIX));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const NO_END =
  "the journal has no end, because the supervisor was killed or has no answer: what it could not observe, and what was last, is not there";

/** The journal may be that of an earlier run than the last one, which had no departures. */
function begunText(head: unknown): string {
  const { started } = head as { started?: unknown };
  return typeof started === "string" && TIME.test(started)
    ? `, which began ${started.slice(0, 19).replace("T", " ")}Z`
    : "";
}

/** A link there is none of ours. */
function bytesOf(path: string): Buffer {
  const opened = openRegular(path, "refuse");
  if (opened instanceof Unfit)
    throw new CliError("cannot-read", `${path}: expected a journal, found ${opened.found}; remove it`);
  return readOpened(opened.fd, path, MOST_JOURNAL_BYTES, "a journal");
}

function readJournal(path: string, name: string): ReadJournal {
  const lines = bytesOf(path).toString("utf8").split("\n");
  // Only what ends in a newline was written whole.
  lines.pop();
  const [first, ...others] = lines.map((line) => jsonOf(line, path));
  const head = readHead({ incomplete: [], ...(first as object) }, path);
  const reader = new DepartureReader(path);
  let [ended, incomplete]: [string | undefined, readonly string[]] = [undefined, []];
  for (const line of others) {
    const change = line as Readonly<Record<string, unknown>>;
    if (Object.hasOwn(change ?? {}, "again")) reader.readAgain(change);
    else if (Object.hasOwn(change ?? {}, "incomplete"))
      ({ incomplete } = readHead({ ...(first as object), ...change }, path));
    else if (Object.hasOwn(change ?? {}, "ended")) ended = String(change["ended"]);
    else reader.read(change);
  }
  if (first === undefined) throw bad(path, "it is empty");
  return {
    ...head,
    source: `the journal of ${name}${begunText(first)}`,
    name,
    ended,
    incomplete: ended === undefined ? [...incomplete, NO_END] : incomplete,
    departures: reader.departures,
    tasks: reader.tasks,
  };
}
