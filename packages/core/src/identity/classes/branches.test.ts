import { describe, expect, it } from "vitest";
import { rulesOfBranches } from "./branches.ts";
import type { ClassRule } from "./rule.ts";

const rule = (about: Partial<ClassRule> = {}): ClassRule => ({
  at: "$CWD/up/{<name>}",
  of: ["open", "unlink"],
  replaces: 3,
  accepts: "a name",
  because: "3 of 3 runs",
  ...about,
});
const narrower = {
  exceptions: { but: ["secret.txt"] },
  operations: { of: ["open"] },
  programs: { by: ["cp"] },
} as const satisfies Record<string, Partial<ClassRule>>;
const narrowings = Object.entries(narrower);
const words = { replaces: 4, accepts: "any name", because: "4 of 4 runs" };
const both = (origin: readonly ClassRule[], ours: readonly ClassRule[], theirs: readonly ClassRule[]) => [
  () => rulesOfBranches(origin, ours, theirs),
  () => rulesOfBranches(origin, theirs, ours),
];

describe("a rule that one branch only wrote in other words", () => {
  it("stays deleted where the other deleted it", () => {
    for (const merge of both([rule()], [], [rule(words)])) expect(merge()).toEqual([]);
  });

  it.each(narrowings)("stays narrower where the other narrowed its %s", (_, about) => {
    for (const merge of both([rule()], [rule(about)], [rule(words)])) expect(merge()).toEqual([rule(about)]);
  });

  it("is the one with more evidence where the other did the same", () => {
    for (const merge of both([rule()], [rule({ replaces: 5 })], [rule(words)]))
      expect(merge()).toEqual([rule({ replaces: 5 })]);
  });

  it("is wider where the other widened it", () => {
    const wider = rule({ of: ["create", "open", "unlink"] });
    for (const merge of both([rule()], [wider], [rule(words)])) expect(merge()).toEqual([wider]);
  });
});

describe("a rule of which the branches made what cannot be one", () => {
  const wider = { of: ["create", "open", "unlink"] } as const;

  it.each([
    ["deleted", undefined, "widened", wider],
    ["deleted", undefined, "narrowed", narrower.operations],
    ["narrowed", narrower.exceptions, "widened", wider],
    ["narrowed", narrower.exceptions, "otherwise narrowed", narrower.programs],
    ["narrowed", { but: ["secret.txt", "key"] }, "less narrowed", narrower.exceptions],
  ])("is a conflict that says what to do: one %s it, %j, and the other %s it, %j", (_, one, _verb, other) => {
    for (const merge of both([rule()], one ? [rule(one)] : [], [rule(other)]))
      expect(merge).toThrow(
        /both branches changed the rule for \$CWD\/up\/\{<name>\}, .*: one .*, the other .*; make the rule the same in both/,
      );
  });

  it("is a conflict where one deleted it, and the other put another class of its directory in its place", () => {
    for (const merge of both([rule()], [], [rule({ at: "$CWD/up/{<word>}.txt" })]))
      expect(merge).toThrow(
        /one deleted it, the other made it .* at \$CWD\/up\/\{<word>\}\.txt; make the rule the same/,
      );
  });
});

describe("what only one branch changed", () => {
  const other = rule({ at: "$CWD/logs/{log-<n>}.txt" });

  it("is as that branch has it", () => {
    for (const merge of both([rule()], [rule()], [rule(narrower.exceptions), other]))
      expect(merge()).toEqual([rule(narrower.exceptions), other]);
    for (const merge of both([rule(), other], [rule(), other], [other])) expect(merge()).toEqual([other]);
  });

  it("is there with what the other changed elsewhere", () => {
    const moved = rule({ at: "$CWD/up/{<word>}.txt" });
    for (const merge of both([rule(), other], [moved, other], [rule()])) expect(merge()).toEqual([moved]);
    for (const merge of both([rule()], [moved], [moved, other])) expect(merge()).toEqual([moved, other]);
  });
});
