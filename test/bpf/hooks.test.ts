import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isOperation } from "../../packages/core/src/event/operations.ts";
import { HOOK_PAGE, hookPage, hookTable } from "../../tools/hook-page.mjs";
import { repository } from "../../tools/run.mjs";

const programs = join(repository, "packages/linux/bpf");
const hooks = Object.values(hookTable(repository)).flat();

/** What the programs attach to, by the sections they are in. */
const attached = readdirSync(programs)
  .filter((name) => name.endsWith(".bpf.c"))
  .flatMap((name) => readFileSync(join(programs, name), "utf8").split("\n"))
  .map((line) => /^(?:(?:HOOK|TRACEPOINT|ENTRY)\((\w+)\)|SECTION\((\w+), \w+\)|SEC\("[\w]+\/(\w+)"\))/.exec(line))
  .flatMap((found) => found?.slice(1).filter((name) => name !== undefined) ?? []);

test("every hook that is attached is in the table, and no other", () => {
  expect(hooks.map(([hook]) => hook).sort()).toEqual([...new Set(attached)].sort());
});

test("the table speaks of events that there are", () => {
  const events = hooks.flatMap(([, names]) => (names === "-" ? [] : names.split(", ")));
  expect(events.filter((name) => !isOperation(name))).toEqual([]);
});

test("the page says what the table says (else: npm run docs)", () => {
  expect(readFileSync(join(repository, HOOK_PAGE), "utf8")).toBe(hookPage(repository));
});
