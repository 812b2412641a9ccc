/**
 * Rules `called-name` and `command-text`: how a program was called, as far as that says what it is.
 *
 *   -bash                       bash                   a login shell
 *   postgres: ann [idle]        postgres$title         a title, not a name
 *   worker-48213                worker-$n              a number that was counted up or drawn
 *   tmpa8x_k2q9                 $random
 *
 * Programs that are many take none of these for one of their names.
 */
import { isRandomName } from "../random-name.ts";

/** Stands for a text among the arguments. */
export const TEXT = "text";
const TITLE = "$title";
const NUMBER = "$n";
const RANDOM = "$random";
/** What names of programs are made of; `[` is one. */
const PLAIN = /^[A-Za-z0-9_.+[@-]*/;
const MAX_NAME = 64;
/** A number by itself; `python3`, `gcc-14`, `sha256sum` and `x86_64` are names. */
const LONE_NUMBER = /(?<![A-Za-z0-9.])\d{3,}(?![A-Za-z0-9.])/g;

/** The name that a program was called by, escaped text with tokens marked; undefined where it is that of the file. */
export function levelledName(name: string, file: string): string | undefined {
  if (name.startsWith("$")) return name;
  const plainly = name.length > 1 && name.startsWith("-") ? name.slice(1) : name;
  if (plainly === file) return undefined;
  const head = PLAIN.exec(plainly)?.[0].slice(0, MAX_NAME) ?? "";
  const rest = head.length < plainly.length ? TITLE : "";
  return (looksRandom(head) ? RANDOM : head.replace(LONE_NUMBER, NUMBER)) + rest;
}

function looksRandom(name: string): boolean {
  const naming = {
    program: "",
    exclusive: false,
    permissions: undefined,
    temporary: false,
    parent: "",
    holdsPid: false,
  };
  return isRandomName(name, naming);
}

/** An entry of what a program was given to run, as a sensor tells it: `WHAT@DIGEST`, `WHAT@?` or `WHAT@-`. */
export interface RunEntry {
  readonly kind: "file" | "text" | "name";
  readonly what: string;
  /** `?` where it could not be taken. */
  readonly digest: string;
}

/** The digest of what is told by its name alone. */
const NONE = "-";

/** An entry for an event; the lens takes the digest away where it does not count. */
export function formatRun(what: string, digest: string | undefined): string {
  return `${what}@${digest ?? "?"}`;
}

/** The same for what has no content. */
export function formatNamedRun(name: string): string {
  return `${name}@${NONE}`;
}

const MOST_RUNS = 32;
/** In characters; an event has room for several paths of 4096 bytes, each escaped fourfold. */
const MOST_LENGTH = 16_384;

/** Entries, fewer where they would be too many for an event: then the first ones, how many are left out, and the last. */
export function boundedRuns(runs: readonly string[]): readonly string[] {
  const length = runs.reduce((sum, run) => sum + run.length, 0);
  if (runs.length <= MOST_RUNS && length <= 2 * MOST_LENGTH) return runs;
  const first: string[] = [];
  let room = MOST_LENGTH;
  for (const run of runs.slice(0, MOST_RUNS - 2)) {
    room -= run.length;
    if (room < 0) break;
    first.push(run);
  }
  return [...first, formatNamedRun(`?too-many:${runs.length - first.length - 1}`), ...runs.slice(-1)];
}

export function parseRun(entry: string): RunEntry {
  const at = entry.lastIndexOf("@");
  const [what, digest] = [entry.slice(0, at), entry.slice(at + 1)];
  return { kind: digest === NONE ? "name" : what === TEXT ? "text" : "file", what, digest };
}
