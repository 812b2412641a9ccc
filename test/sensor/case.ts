/**
 * One script of system calls and the events that it must make, and the code that runs a whole table of them at once. Each case
 * has a program of its own by its path, in a directory of its own, so that every event shows which case it belongs to.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Script } from "./script.ts";
import { type Outcome, supervise } from "./supervised.ts";

export interface Case {
  /** What it does; also the name of its directory. */
  readonly does: string;
  readonly calls: readonly Script[];
  /** The events it makes, in order: an operation and some of its fields, paths in the case's directory as `./name`. */
  readonly events: readonly string[];
  /** Who can run it; any user if absent. A case for a user needs root all the same, to create files of other users. */
  readonly by?: "root" | "user";
  /** The result of the workload where the sensor answers differently from the kernel. */
  readonly told?: string;
}

/** An ordinary user that every system has (`nobody`). */
export const NOBODY = 65534;

export const compiler = spawnSync("gcc", ["--version"]).status === 0 ? "gcc" : undefined;

/** The results of a run of cases: for each case, its output and its events. */
export interface Ran {
  readonly output: ReadonlyMap<string, string>;
  readonly native: ReadonlyMap<string, string>;
  readonly events: ReadonlyMap<string, readonly string[]>;
  readonly outcome: Outcome;
  readonly directory: string;
}

/** A directory for one run, owned by the user it runs as. */
export function workplace(uid?: number): string {
  const directory = mkdtempSync(join(tmpdir(), "isoline-sensor-"));
  chmodSync(directory, 0o755);
  if (uid !== undefined) chownSync(directory, uid, uid);
  return directory;
}

/** Compiles the probe into a directory. */
export function compileProbe(directory: string, ...flags: string[]): string {
  const probe = join(directory, "probe");
  const source = fileURLToPath(new URL("./probe.c", import.meta.url));
  execFileSync("gcc", [...(flags.length > 0 ? flags : ["-static"]), "-O1", "-w", "-o", probe, source, "-lpthread"]);
  return probe;
}

export interface How {
  /** The user whose processes the cases are; the caller if absent. */
  readonly uid?: number | undefined;
  readonly sensor?: "seccomp" | "bpf";
  /** The compiled probe; compiled again if absent. */
  readonly probe?: string;
}

/** Runs every case twice: without isoline, and learning. */
export async function runCases(cases: readonly Case[], { uid, sensor = "seccomp", probe: built }: How): Promise<Ran> {
  const directory = workplace(uid);
  const native = join(directory, "native");
  const watched = join(directory, "watched");
  const probe = join(directory, "probe");
  if (built === undefined) compileProbe(directory);
  else copyFileSync(built, probe);
  for (const place of [native, watched]) lay(place, cases, probe, uid);
  const list = join(directory, "list");
  writeFileSync(list, listOf(cases));
  const identity = uid === undefined ? {} : { uid, gid: uid };
  const plain = spawnSync(probe, ["run", list], {
    cwd: native,
    encoding: "latin1",
    stdio: ["ignore", "pipe", "pipe"],
    ...identity,
  });
  const outcome = await supervise({ command: [probe, "run", list], directory: watched, uid, sensor });
  return {
    output: sections(outcome.stdout),
    native: sections(plain.stdout),
    events: eventsByCase(outcome, watched),
    outcome,
    directory,
  };
}

/** Of the register with a call's number the kernel looks at the lower half alone: the same cases, with something in the upper one. */
export function withHighNumbers(cases: readonly Case[]): readonly Case[] {
  return cases.map((each) => ({
    ...each,
    calls: each.calls.map((script) =>
      script.map((word, at) => (script[at - 1] === "call" ? String(BigInt(word) + HIGH) : word)),
    ),
  }));
}
const HIGH = 1n << 32n;

/** The input of `probe run`. */
export function listOf(cases: readonly Case[]): string {
  return cases.map(({ does, calls }) => `${[slug(does), "./probe", ...calls.flat(), ""].join("\0")}\0`).join("");
}

/** The name of a case's directory. */
export function slug(does: string): string {
  return does.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

/** Whether an event line has the operation and the fields of an expectation. */
export function matches(act: string, expected: string): boolean {
  const split = (line: string): [string, string[]] => {
    const [, head = "", rest = ""] = /^((?:\S+: |as \d+: )*\S+) ?(.*)$/.exec(line) ?? [];
    return [head, rest.split(" ")];
  };
  const [[head, words], [operation, fields]] = [split(act), split(expected)];
  return (
    head === operation &&
    fields.every((field) => field === "" || words.some((word) => word === field || asPattern(field)?.test(word)))
  );
}

/** A star matches anything but a comma. */
function asPattern(field: string): RegExp | undefined {
  if (!field.includes("*")) return undefined;
  return new RegExp(
    `^${field
      .split("*")
      .map((part) => part.replace(/[.?$^()[\]{}|\\+]/g, "\\$&"))
      .join("[^,]*")}$`,
  );
}

function eventsByCase({ events }: Outcome, directory: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const base = events[0]?.uid;
  for (const { program, act, uid } of events) {
    const [, name, file] = new RegExp(`^(?:\\?deleted:|\\?unlinked:)?${directory}/([^/]+)/(.*)`).exec(program) ?? [];
    if (name === undefined) continue;
    const who = (file === "probe" ? "" : `${file}: `) + (uid === base ? "" : `as ${uid}: `);
    const shown =
      who + act.replaceAll(`${directory}/${name}/`, "./").replace(new RegExp(`${directory}/${name}(?= |$)`, "g"), ".");
    found.set(name, [...(found.get(name) ?? []), shown]);
  }
  return found;
}

export function sections(stdout: string): Map<string, string> {
  return new Map(
    stdout
      .split("== ")
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]),
  );
}

/** The smallest possible program, for another ABI: 45 bytes. The rest of its headers is zeros, which the kernel adds. */
const TINY_ELF32 = Buffer.from(
  "7f454c4601000000000000000000010002000300200001002000010004000000b32a31c040cd80003400200001".padEnd(90, "0"),
  "hex",
);

/** The files that a case may find in its directory: text and mode. */
const FILES: Readonly<Record<string, readonly [text: string | Buffer, mode: number]>> = {
  file: ["text\n", 0o644],
  other: ["more\n", 0o600],
  "dir/inner": ["deep\n", 0o644],
  script: ["#!./true\n", 0o755],
  "script-of-script": ["#!./script argument\n", 0o755],
  "orphan-script": ["#!/no/such/interpreter\n", 0o755],
  "spaced-script": ["#! \t./true \t two  arguments \n", 0o755],
  "no-program": ["neither\n", 0o755],
  "empty-interpreter": ["#! \n", 0o755],
  "level-1": ["#!./true\n", 0o755],
  "level-2": ["#!./level-1\n", 0o755],
  "level-3": ["#!./level-2\n", 0o755],
  "level-4": ["#!./level-3\n", 0o755],
  "level-5": ["#!./level-4\n", 0o755],
  "level-6": ["#!./level-5\n", 0o755],
  tiny: [TINY_ELF32, 0o755],
};
const LINKS = { link: "file", dirlink: "dir", dangling: "nowhere", loop: "loop", chain: "dirlink/../link" };
/** Files of another user, in directories of root: one that only root may change, one that is sticky. */
const FOREIGN: typeof FILES = {
  "sticky/theirs": ["theirs\n", 0o666],
  "sticky/mine": ["mine\n", 0o666],
  "foreign/closed": ["secret\n", 0o600],
  "foreign/open": ["public\n", 0o644],
  "foreign/program": ["#!./true\n", 0o744],
};

/** Gives each case its directory with the files that it names. Creating all of them would take longer than the tests. */
export function lay(place: string, cases: readonly Case[], probe: string, uid: number | undefined): void {
  mkdirSync(place);
  for (const { does, calls } of cases) {
    const here = join(place, slug(does));
    const text = calls.flat().join(" ");
    // Links and scripts point to other files of this table.
    const has = (name: string) =>
      text.includes(name) ||
      text.includes(Buffer.from(name).toString("hex")) ||
      /script|level|chain|link|proc/.test(text);
    for (const directory of ["", "dir", "empty"]) mkdirSync(join(here, directory));
    write(here, FILES, (name) => has(name.replace("dir/", "")));
    for (const [name, to] of Object.entries(LINKS)) if (has(name)) symlinkSync(to, join(here, name));
    for (const name of ["probe", "true"]) linkSync(probe, join(here, name));
  }
  if (uid === undefined) return;
  execFileSync("chown", ["-hR", `${uid}:${uid}`, "--", place]);
  for (const { does } of cases.filter(({ calls }) => /foreign|sticky/.test(calls.flat().join(" ")))) {
    const here = join(place, slug(does));
    for (const directory of ["foreign", "foreign/empty", "sticky"]) mkdirSync(join(here, directory));
    chmodSync(join(here, "sticky"), 0o1777);
    write(here, FOREIGN, () => true);
    chownSync(join(here, "sticky/mine"), uid, uid);
  }
}

function write(here: string, files: typeof FILES, isWanted: (name: string) => boolean): void {
  for (const [name, [text, mode]] of Object.entries(files)) {
    if (!isWanted(name)) continue;
    writeFileSync(join(here, name), text);
    chmodSync(join(here, name), mode);
  }
}
