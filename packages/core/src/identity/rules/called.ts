/**
 * Rules `called-name` and `command-text`: how a program was called, as far as that identifies it.
 *
 *   -bash                       bash                   a login shell
 *   postgres: ann [idle]        postgres$title         a title, not a name
 *   worker-48213                worker-$n              a number that was counted up or drawn
 *   tmpa8x_k2q9                 $random
 *
 * For the names of a multi-call program's own programs, none of these applies.
 */
import { isRandomName } from "../random-name.ts";

/** Stands for program text in an argument. */
export const TEXT = "text";
const TITLE = "$title";
const NUMBER = "$n";
const RANDOM = "$random";
/** The characters of program names; `[` is a program. */
const PLAIN = /^[A-Za-z0-9_.+[@-]*/;
const MAX_NAME = 64;
/** A separate number. The numbers in `python3`, `gcc-14`, `sha256sum` and `x86_64` belong to names. */
const LONE_NUMBER = /(?<![A-Za-z0-9.])\d{3,}(?![A-Za-z0-9.])/g;

/** The name that the program was called by, escaped text with tokens marked; undefined if it is the name of the file. */
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

/** An entry of what a program was given to run, as a sensor gives it: `WHAT@DIGEST`, `WHAT@?` or `WHAT@-`. */
export interface RunEntry {
  readonly kind: "file" | "text" | "name";
  readonly what: string;
  /** `?` if the digest could not be computed. */
  readonly digest: string;
}

/** The digest of an entry that is identified by its name alone. */
const NONE = "-";

/** An entry for an event. The lens removes the digest if it does not count. */
export function formatRun(what: string, digest: string | undefined): string {
  return `${what}@${digest ?? "?"}`;
}

/** The same for an entry without content. */
export function formatNamedRun(name: string): string {
  return `${name}@${NONE}`;
}

const MOST_RUNS = 32;
/** In characters; an event can hold several paths of 4096 bytes, each byte escaped to four. */
const MOST_LENGTH = 16_384;

/** The entries. If they are too many for an event: the first ones, the number left out, and the last one. */
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
