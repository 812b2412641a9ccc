/**
 * Landlock refuses nothing that is on contour: what was done once can be done again under the rules compiled from it. The
 * kernel is the judge.
 */
import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Event } from "@isoline/core/event";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landlockVersion } from "../../packages/linux/src/abi/landlock.ts";
import { compileRules } from "../../packages/linux/src/landlock/compile.ts";
import { type Compiled, compileLinux } from "../compiled/linux.ts";
import { perform } from "./file-operations.mjs";
import { act, type Job, runHeld, type Step } from "./held.ts";

const SEQUENCES = 40;
const policy = { pseudonyms: [], iouring: "refuse" } as const;
const owned = { uid: 0, gid: 0, fs: "disk" };

/** Names of which the contour has the second half only as what a program created. */
const RANDOM = /^r/;
/** Few enough that steps use each other's files; half of them exist at the start. */
const path = fc.constantFrom(
  "a",
  "a/b",
  "a/d",
  "a/d/a",
  "b",
  "b/a",
  "d",
  "d/a",
  "d/e",
  "d/e/b",
  "d/e/r1",
  "e",
  "a/r2",
  "a/d/e",
  "b/d",
  "b/d/a",
  "d/b",
  "d/e/r1/a",
  "d/e/r1/r2",
  "r1",
  "r1/a",
  "r1/d",
  "f",
  "f/a",
  "f/d",
  "f/d/a",
);
const one = (...operations: string[]) => fc.tuple(fc.constantFrom(...operations), path);
const two = (...operations: string[]) => fc.tuple(fc.constantFrom(...operations), path, path);
const step: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 4, arbitrary: one("read", "write", "append", "overwrite", "shorten", "list") },
  { weight: 4, arbitrary: one("create", "mkdir", "unlink", "rmdir") },
  { weight: 3, arbitrary: two("rename", "link") },
  { weight: 1, arbitrary: fc.tuple(fc.constant("symlink"), fc.constant("a"), path) },
);
const sequences = fc.sample(fc.array(step, { minLength: 30, maxLength: 90, size: "max" }), {
  numRuns: SEQUENCES,
  seed: 20170314,
});

/** A tree at the start, so that many operations find a file. */
function lay(root: string): void {
  for (const directory of ["a", "a/d", "b", "d", "d/e", "d/e/r1"]) mkdirSync(join(root, directory));
  for (const file of ["a/b", "a/d/a", "b/a", "d/a", "d/e/b", "e"]) writeFileSync(join(root, file), file);
}

/** The part of a sensor: the event of a step on the contour, read just before the step. */
function eventsOf(root: string, [operation, ...names]: readonly string[]): Event[] {
  const at = (each: string) =>
    `$CWD/${each
      .split("/")
      .map((part) => (RANDOM.test(part) ? "{p#1}" : part))
      .join("/")}`;
  const canonical = (each: string) => {
    const parent = realpathSync(join(root, dirname(each)));
    return at(join(parent.slice(root.length + 1), each.split("/").at(-1) as string));
  };
  const [first, second] = names as [string, string];
  const object = (each: string, follow = false) => {
    const { mode } = follow ? statSync(join(root, each)) : lstatSync(join(root, each));
    const found = follow ? at(realpathSync(join(root, each)).slice(root.length + 1)) : canonical(each);
    return { path: found, mode, ...owned };
  };
  const accesses: Record<string, string> = {
    read: "read",
    write: "write",
    append: "write,append",
    overwrite: "read,write,truncate",
    shorten: "write",
    list: "read",
  };
  switch (operation) {
    case "create":
      return [act("create", { access: "read,write", path: canonical(first), mode: 0o600 })];
    case "mkdir":
      return [act("mkdir", { path: canonical(first), mode: 0o700 })];
    case "unlink":
    case "rmdir":
      return [act(operation, object(first))];
    case "rename": {
      const replaces = exists(join(root, second)) ? "yes" : "no";
      return [act("rename", { ...object(first), to: canonical(second), replaces })];
    }
    case "link":
      return [act("link", { ...object(first), to: canonical(second) })];
    case "symlink":
      return [act("symlink", { path: canonical(second), content: first })];
    default:
      return [act("open", { access: accesses[operation as string] as string, ...object(first, true) })];
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Runs a sequence for the first time; returns the possible steps and their events. */
async function learn(
  root: string,
  sequence: readonly (readonly string[])[],
): Promise<{ steps: Step[]; events: Event[] }> {
  const steps: Step[] = [];
  const events: Event[] = [];
  for (const [operation, ...names] of sequence) {
    const real =
      operation === "symlink" ? [names[0], join(root, names[1] as string)] : names.map((each) => join(root, each));
    const words = [operation, ...real] as unknown as Step;
    const before = attempt(() => eventsOf(root, [operation as string, ...names]));
    if ((await perform(words as [string, ...unknown[]])) !== "ok") continue;
    steps.push(words);
    events.push(...(before ?? []));
  }
  return { steps, events };
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

describe.skipIf(landlockVersion() < 2)("what was done once can be done again under its rules", () => {
  let compiled: Compiled;
  let directory: string;
  beforeAll(() => {
    compiled = compileLinux();
    directory = realpathSync(mkdtempSync(join(tmpdir(), "isoline-landlock-")));
  });
  afterAll(() => {
    compiled.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  it(`${SEQUENCES} sequences of operations on files`, async () => {
    const jobs: Job[] = [];
    for (const [index, sequence] of sequences.entries()) {
      const root = join(directory, String(index));
      const places = { cwd: root, home: "/nowhere", temp: [], uid: 0 };
      mkdirSync(root);
      lay(root);
      const { steps, events } = await learn(root, sequence);
      rmSync(root, { recursive: true });
      mkdirSync(root);
      lay(root);
      jobs.push({ steps, rules: compileRules(events, places, policy) });
    }
    const results = runHeld(compiled, jobs);
    const done = results.flatMap(({ said }) => said);
    expect(done.length).toBeGreaterThan(SEQUENCES * 5);
    for (const [index, { applied, said }] of results.entries()) {
      expect(applied).toMatchObject({ applied: true });
      const refused = said.flatMap((word, at) =>
        word === "ok" ? [] : [`${word}: ${jobs[index]?.steps[at]?.join(" ")}`],
      );
      expect({ sequence: index, refused }).toEqual({ sequence: index, refused: [] });
    }
  });

  it("and other operations cannot: a neighbouring file is refused to each", async () => {
    const root = join(directory, "beside");
    mkdirSync(root);
    lay(root);
    const places = { cwd: root, home: "/nowhere", temp: [], uid: 0 };
    const { events } = await learn(root, [
      ["read", "a/b"],
      ["write", "e"],
      ["list", "b"],
    ]);
    const steps: Step[] = [
      ["read", "a/b"],
      ["read", "a/d/a"],
      ["write", "e"],
      ["read", "e"],
      ["list", "b"],
      ["list", "a"],
      ["create", "b/new"],
    ].map(([operation, each]) => [operation as string, join(root, each as string)]);
    const [held] = runHeld(compiled, [{ steps, rules: compileRules(events, places, policy) }]);
    expect(held?.said).toEqual(["ok", "EACCES", "ok", "EACCES", "ok", "EACCES", "EACCES"]);
  });
});
