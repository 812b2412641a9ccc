/**
 * The tests that need a stock kernel: those in `guest/` run in virtual machines, and each is reported here under its own name.
 * The machines run while tests are collected, because the names of the tests are known only afterwards.
 */
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { equipment, type Kind, kinds, testsFor } from "./machine/machines.ts";
import { NO_TIME, type Outcome, runTests } from "./machine/run-tests.ts";
import type { Result } from "./results.ts";

const found = equipment();
const LEFT = "only in CI, and by npm run test:vm";
const needs = "missing" in found ? `needs ${found.missing}` : "";

/** Under emulation they take many minutes. */
const everything = (process.env["CI"] ?? process.env["ISOLINE_VM_TIMES"]) !== undefined;

/** If a machine did not run, only the names of its files are known, not its tests. */
const skipped = (files: readonly string[], reason: string): readonly Result[] =>
  files.map((file) => ({ name: basename(file), outcome: "skipped", reason, milliseconds: 0 }));

/** Two at a time: a machine rarely uses more than one processor. */
const machines = await atATime(2, kinds, async (kind: Kind) => {
  const { chosen, left } = testsFor(kind, everything);
  const isPossible = everything && !("missing" in found);
  const outcome = isPossible ? await runTests(kind, chosen, found) : undefined;
  return { kind, chosen, left, outcome, why: isPossible ? NO_TIME : everything ? needs : LEFT };
});

for (const { kind, chosen, left, outcome, why } of machines) {
  if (outcome && process.env["ISOLINE_VM_TIMES"] !== undefined) tellTimes(kind.name, outcome);
  describe(`a machine ${kind.name}`, () => {
    it("boots, runs its tests and ends by itself", ({ skip }) => {
      if (outcome === undefined) return skip(why);
      const { status, timedOut, console, output } = outcome.ended;
      const isWell = status !== undefined && !timedOut;
      expect({ status, timedOut, said: isWell ? "" : console + output }).toEqual({
        status: expect.any(Number),
        timedOut: false,
        said: "",
      });
    });
    const results = [...(outcome?.results ?? skipped(chosen, why)), ...skipped(left, LEFT)];
    it.for(results.map((result) => [result.name, result] as const))("%s", ([, result], { skip, task }) => {
      const { outcome: came, reason, unsteady } = result;
      skip(came === "skipped", reason);
      // For the closing lines (tools/count-reporter.mjs).
      if (unsteady !== undefined) Object.assign(task.meta, { unsteady });
      expect(came === "passed" ? came : `${came}: ${reason}`).toBe("passed");
    });
  });
}

/** The results of the work on all items in their order, with so many in work at a time. */
async function atATime<Item, Done>(
  count: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Done>,
): Promise<readonly Done[]> {
  const done: Done[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [index, item] of left) done[index] = await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
  return done;
}

/** The time that was spent: in all, until the tests began, and in each of them. */
function tellTimes(name: string, { ended: { seconds }, results }: Outcome): void {
  const rows: [string, number][] = [
    ["in all", seconds.all],
    ["boot", seconds.boot],
    ...results.map(({ name: test, milliseconds }): [string, number] => [test, milliseconds / 1000]),
  ];
  console.log(
    [`a machine ${name}`, ...rows.map(([what, time]) => `${time.toFixed(1).padStart(7)} s  ${what}`)].join("\n"),
  );
}
