/** When enforcing, each kind of act is refused by itself, also after those that lead up to it went ahead. Nothing is changed by it. */
import { rmSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { attemptsOf, refuse, type Refused } from "../vm/refused-cases.ts";
import { compileProbe, compiler, workplace } from "./case.ts";
import { all } from "./cases/all.ts";
import { isBuilt } from "./supervised.ts";

/** `setfsuid` and `setfsgid` return only the previous id. */
const CANNOT_FAIL = "ids for files";
/** Rings and calls of other ABIs are refused in every mode, with another error. */
const neverLearnt = ["iouring", "abi"];

const operationOf = (event: string) => event.replace(/^as \d+: /, "").split(" ")[0] ?? "";
const wanted = new Set<string>();
/** The first case of each operation. The other cases have a program of their own. */
const chosen = all.filter(({ does, events, by }) => {
  const operations = events.map(operationOf);
  if (by === "user" || does === CANNOT_FAIL) return false;
  if (operations.some((word) => word.endsWith(":") || neverLearnt.includes(word))) return false;
  const isNew = operations.some((operation) => !wanted.has(operation));
  for (const operation of operations) wanted.add(operation);
  return isNew;
});

describe.skipIf(compiler === undefined || !isBuilt || !isRoot)("refusals (need gcc, a build, root)", () => {
  const attempts = attemptsOf(chosen);
  let refused: Refused;
  beforeAll(async () => {
    const directory = workplace();
    refused = await refuse(attempts, compileProbe(directory), "seccomp");
    rmSync(directory, { recursive: true });
  });

  it("change nothing", () => {
    expect(refused.after).toBe(refused.before);
    const { off, refused: count, incomplete } = refused.outcome.report;
    expect([count, incomplete]).toEqual([off, []]);
  });

  it("are of every operation", () => {
    const told = new Set([...refused.became.values()].flatMap(({ operations }) => operations));
    expect([...wanted].filter((operation) => !told.has(operation))).toEqual([]);
  });

  it.each(chosen.map(({ does }) => does))("of the case: %s", (does) => {
    const words = attempts.filter((each) => each.of === does).map((each) => refused.became.get(each.does)?.what);
    expect(words).toContain("refused");
    expect(words.filter((what) => what !== "refused" && what !== "no act")).toEqual([]);
  });
});
