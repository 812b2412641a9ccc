/**
 * What one script of system calls must make visible, and how a whole table of them is run at once: each case is a program
 * of its own by its path, in a directory of its own, so that every event tells which case it belongs to.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Script } from "./script.ts";
import { type Outcome, supervise } from "./supervised.ts";

export interface Case {
  /** What it does; also names its directory. */
  readonly does: string;
  readonly calls: readonly Script[];
  /** The events it makes, in order: an operation and some of its fields, paths in the case's directory as `./name`. */
  readonly events: readonly string[];
  /** Who can do it at all; anybody if absent. What is by a user needs root all the same, to make what is not his. */
  readonly by?: "root" | "user";
  /** The sensor answers otherwise than the kernel would: what the workload is told. */
  readonly told?: string;
}

/** An ordinary user that every system has (`nobody`). */
export const NOBODY = 65534;

export const compiler = spawnSync("gcc", ["--version"]).status === 0 ? "gcc" : undefined;
export const isRoot = process.getuid?.() === 0;

/** What a run of cases left: per case, its output and its events. */
export interface Ran {
  readonly output: ReadonlyMap<string, string>;
  readonly native: ReadonlyMap<string, string>;
  readonly events: ReadonlyMap<string, readonly string[]>;
  readonly outcome: Outcome;
  readonly directory: string;
}

/** A directory for one run, owned by whoever it is run as. */
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

/** Runs every case twice: as it would go without isoline, and learning. */
export async function runCases(cases: readonly Case[], uid?: number): Promise<Ran> {
  const directory = workplace(uid);
  const native = join(directory, "native");
  const watched = join(directory, "watched");
  const probe = compileProbe(directory);
  for (const place of [native, watched]) lay(place, cases, probe, uid);
  const list = join(directory, "list");
  writeFileSync(list, cases.map((each) => `${slug(each.does)}\0./probe\0${each.calls.flat().join("\0")}\0\0`).join(""));
  const identity = uid === undefined ? {} : { uid, gid: uid };
  const plain = spawnSync(probe, ["run", list], {
    cwd: native,
    encoding: "latin1",
    stdio: ["ignore", "pipe", "pipe"],
    ...identity,
  });
  const outcome = await supervise({ command: [probe, "run", list], directory: watched, uid });
  return {
    output: sections(outcome.stdout),
    native: sections(plain.stdout),
    events: eventsByCase(outcome, watched),
    outcome,
    directory,
  };
}

/** The name of a case's directory. */
export function slug(does: string): string {
  return does.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

/** Whether an event line is of the operation and has the fields that an expectation names. */
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

/** A star stands for anything but a comma. */
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

function sections(stdout: string): Map<string, string> {
  return new Map(
    stdout
      .split("== ")
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]),
  );
}

/** The smallest program there is, for another ABI: 45 bytes, the rest of its headers being zeros that the kernel adds. */
const TINY_ELF32 = Buffer.from(
  "7f454c4601000000000000000000010002000300200001002000010004000000b32a31c040cd80003400200001".padEnd(90, "0"),
  "hex",
);

/** Gives each case its directory with the same things in it. */
function lay(place: string, cases: readonly Case[], probe: string, uid: number | undefined): void {
  mkdirSync(place);
  for (const { does } of cases) {
    const here = join(place, slug(does));
    mkdirSync(here);
    const write = (name: string, text: string, mode: number) => {
      writeFileSync(join(here, name), text);
      chmodSync(join(here, name), mode);
    };
    mkdirSync(join(here, "dir"));
    mkdirSync(join(here, "empty"));
    write("file", "text\n", 0o644);
    write("other", "more\n", 0o600);
    write("dir/inner", "deep\n", 0o644);
    write("script", "#!./true\n", 0o755);
    write("script-of-script", "#!./script argument\n", 0o755);
    write("orphan-script", "#!/no/such/interpreter\n", 0o755);
    write("spaced-script", "#! \t./true \t two  arguments \n", 0o755);
    write("no-program", "neither\n", 0o755);
    write("empty-interpreter", "#! \n", 0o755);
    for (let level = 1; level <= 6; level++)
      write(`level-${level}`, `#!./${level === 1 ? "true" : `level-${level - 1}`}\n`, 0o755);
    writeFileSync(join(here, "tiny"), TINY_ELF32, { mode: 0o755 });
    for (const [name, to] of [
      ["link", "file"],
      ["dirlink", "dir"],
      ["dangling", "nowhere"],
      ["loop", "loop"],
      ["chain", "dirlink/../link"],
    ] as const) {
      symlinkSync(to, join(here, name));
    }
    linkSync(probe, join(here, "probe"));
    linkSync(probe, join(here, "true"));
  }
  if (uid === undefined) return;
  execFileSync("chown", ["-hR", `${uid}:${uid}`, "--", place]);
  for (const { does } of cases) layForeign(join(place, slug(does)), uid);
}

/** What an ordinary user may look at but not change, and what he may not look at. */
function layForeign(here: string, uid: number): void {
  for (const name of ["foreign", "foreign/empty", "sticky"]) mkdirSync(join(here, name));
  chmodSync(join(here, "sticky"), 0o1777);
  for (const [name, text, mode] of [
    ["sticky/theirs", "theirs\n", 0o666],
    ["sticky/mine", "mine\n", 0o666],
    ["foreign/closed", "secret\n", 0o600],
    ["foreign/open", "public\n", 0o644],
    ["foreign/program", "#!./true\n", 0o744],
  ] as const) {
    writeFileSync(join(here, name), text);
    chmodSync(join(here, name), mode);
  }
  chownSync(join(here, "sticky/mine"), uid, uid);
}
