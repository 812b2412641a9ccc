/** `isoline git-setup`: has git merge and compare contours by isoline, in one repository. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../../error.ts";
import { readBounded, Unfit } from "../../store/bounded-file.ts";
import { writeDurably } from "../../store/output.ts";
import { status } from "../ending.ts";
import { note } from "../output/streams.ts";
import { usage } from "../refusal.ts";

const ATTRIBUTES = [
  "*.contour -text merge=isoline diff=isoline",
  "*.contour.evidence -text merge=isoline diff=isoline",
];
const MOST_ATTRIBUTES = 1 << 20;

export interface GitSetupOptions {
  readonly quiet?: boolean;
}

/** Says what it changed, and changes nothing that is as it should be. */
export function gitSetup({ quiet = false }: GitSetupOptions): number {
  const root = git(["rev-parse", "--show-toplevel"]);
  if (root === undefined || root === "")
    throw usage("expected a git repository with a work tree here; run git init first, or change to one");
  const done = [...addAttributes(join(root, ".gitattributes")), ...setConfiguration()];
  if (!quiet)
    for (const line of done.length > 0 ? done : ["git merges and compares contours by isoline already"]) note(line);
  return status.success;
}

function addAttributes(file: string): string[] {
  const before = readBounded(file, MOST_ATTRIBUTES, "refuse");
  if (before instanceof Unfit && before.found !== "nothing")
    throw new CliError("cannot-write", `cannot write ${file}: it is ${before.found}; expected a file of attributes`);
  const text = before instanceof Unfit ? "" : before.toString("utf8");
  const missing = ATTRIBUTES.filter((line) => !text.split("\n").includes(line));
  if (missing.length === 0) return [];
  const begun = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  writeDurably(file, [begun, ...missing.map((line) => `${line}\n`)]);
  return missing.map((line) => `.gitattributes: added ${line}`);
}

function setConfiguration(): string[] {
  const isoline = program();
  const wanted = {
    "merge.isoline.name": "contours, act by act",
    "merge.isoline.driver": `${isoline} merge --driver %O %A %B %P`,
    "diff.isoline.textconv": `${isoline} textconv`,
  };
  return Object.entries(wanted).flatMap(([key, value]) => {
    if (git(["config", "--local", "--get", key]) === value) return [];
    if (git(["config", "--local", key, value]) === undefined)
      throw new CliError("cannot-write", `git could not set ${key}; set it by hand: git config ${key} '${value}'`);
    return [`git config: ${key} = ${value}`];
  });
}

/** The word by which a shell finds isoline; the path of this program where it would not. */
function program(): string {
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .some((directory) => isExecutable(join(directory, "isoline")));
  return found
    ? "isoline"
    : `'${fileURLToPath(new URL("../../../bin/isoline", import.meta.url)).replaceAll("'", "'\\''")}'`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What git says on standard output; undefined where it fails. */
function git(args: readonly string[]): string | undefined {
  const {
    status: ended,
    stdout,
    error,
  } = spawnSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  if (error !== undefined) throw usage("git cannot be run; install it, and run this again");
  return ended === 0 ? stdout.replace(/\n$/, "") : undefined;
}
