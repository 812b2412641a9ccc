import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isOperation } from "../../packages/core/src/event/operations.ts";
import { HOOK_PAGE, hookPage, hookTable } from "../../tools/hook-page.mjs";
import { repository } from "../../tools/run.mjs";

const programs = join(repository, "packages/linux/bpf");
const hooks = Object.values(hookTable(repository)).flat();

/** The attachment points of the programs, from the names of their sections. */
const attached = readdirSync(programs)
  .filter((name) => name.endsWith(".bpf.c"))
  .flatMap((name) => readFileSync(join(programs, name), "utf8").split("\n"))
  .map((line) => /^(?:(?:HOOK|TRACEPOINT|ENTRY)\((\w+)\)|SECTION\((\w+), \w+\)|SEC\("[\w]+\/(\w+)"\))/.exec(line))
  .flatMap((found) => found?.slice(1).filter((name) => name !== undefined) ?? []);

test("every hook that is attached is in the table, and no other", () => {
  expect(hooks.map(([hook]) => hook).sort()).toEqual([...new Set(attached)].sort());
});

test("the table names only operations that exist", () => {
  const events = hooks.flatMap(([, names]) => (names === "-" ? [] : names.split(", ")));
  expect(events.filter((name) => !isOperation(name))).toEqual([]);
});

test("the page agrees with the table (else: npm run docs)", () => {
  expect(readFileSync(join(repository, HOOK_PAGE), "utf8")).toBe(hookPage(repository));
});
