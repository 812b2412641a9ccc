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
});

describe("a rule that one branch withdrew, where the other has one that may take the same acts", () => {
  const line = JSON.stringify({ of: ["open", "unlink"] });

  it("is a conflict that says of each what it has there", () => {
    const text = rule({ at: "$CWD/up/{<word>}.txt" });
    expect(() => rulesOfBranches([rule()], [], [text])).toThrow(
      `the branches differ in what takes the acts of the rule for $CWD/up/{<name>}, ${line}: one deleted it and has no other for them, ` +
        `the other deleted it and has ${line} at $CWD/up/{<word>}.txt for them; ` +
        "make the rules for these places the same in both contours, and merge again",
    );
    const numbered = rule({ at: "$CWD/up/{v<n>}", of: ["open"] });
    expect(() => rulesOfBranches([rule()], [numbered], [text])).toThrow(
      `one deleted it and has {"of":["open"]} at $CWD/up/{v<n>} for them, the other deleted it and has ${line} at $CWD/up/{<word>}.txt for them`,
    );
  });

  it("tells of many rules the first, and how many more there are", () => {
    const many = Array.from({ length: 5 }, (_, at) => rule({ at: `$CWD/up/{v${at}-<n>}` }));
    expect(() => rulesOfBranches([rule()], [], many)).toThrow(/at \$CWD\/up\/\{v2-<n>\} and 2 more for them; make/);
  });

  const reads = { of: ["open"] } as const;
  const deep = rule({ at: "$CWD/node_modules/a/{<name>}", ...reads });
  const tree = rule({ at: "$CWD/node_modules/{<tree>}", ...reads });
  const closed = (...names: readonly string[]) => rule({ at: "$CWD/up/{<one>}", names });

  it.each<[string, ClassRule, ClassRule]>([
    ["a tree above it", deep, tree],
    ["a directory of its tree", tree, deep],
    ["a class of the directory's own name", deep, rule({ at: "$CWD/node_modules/{<word>}", ...reads })],
    ["a class below a class", rule(), rule({ at: "$CWD/{<word>}/{<name>}" })],
    ["a closed class of one of its names", rule(), closed("photo")],
    [
      "what was found in directories of its name",
      rule({ at: "$CWD/up", found: "any" }),
      rule({ at: "$CWD/{<word>}", found: "any" }),
    ],
  ])("is a conflict: %s", (_, origin, made) => {
    for (const merge of both([origin], [], [made])) expect(merge).toThrow(/deleted it and has no other for them/);
    for (const merge of both([origin], [], [origin, made])) expect(merge).toThrow(/kept it and has \{/);
  });

  it("is a conflict where the other's rule was there, and takes more now", () => {
    const beside = rule({ at: "$CWD/up/{<word>}.txt", of: ["open"] });
    const wider = rule({ at: "$CWD/up/{<word>}.txt" });
    const origin = [rule({ of: ["unlink"] }), beside];
    for (const merge of both(origin, [beside], [wider])) expect(merge).toThrow(/deleted it and has no other for them/);
  });

  it.each<[string, Partial<ClassRule>, Partial<ClassRule>]>([
    ["an exception", { but: ["secret.txt"] }, {}],
    ["an operation", { of: ["open"] }, { of: ["unlink"] }],
    ["a program", { by: ["cp"] }, { by: ["mv"] }],
  ])("is a conflict where it was only narrowed, by %s, and the other takes just that", (_, narrowed, about) => {
    const made = rule({ at: "$CWD/up/{<word>}.txt", ...about });
    const origin = rule({ by: ["cp", "mv"] });
    for (const merge of both([origin], [{ ...origin, ...narrowed }], [origin, made]))
      expect(merge).toThrow(/made it \{.*\} and has no other for them/);
  });

  it("is a conflict where both put the same class in its place, and one of them with an exception", () => {
    const made = rule({ at: "$CWD/up/{<word>}.txt" });
    for (const merge of both([rule()], [{ ...made, but: ["secret.txt"] }], [made]))
      expect(merge).toThrow(/has \{"but":\["secret.txt"\],.*\} at \$CWD\/up\/\{<word>\}\.txt for them/);
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

  it.each<[string, ClassRule, ClassRule]>([
    ["operations", rule({ of: ["unlink"] }), rule({ at: "$CWD/up/{<word>}.txt", of: ["open"] })],
    ["programs", rule({ by: ["cp"] }), rule({ at: "$CWD/up/{<word>}.txt", by: ["mv"] })],
    ["endings", rule({ at: "$CWD/up/{<n>}.jpg" }), rule({ at: "$CWD/up/{<n>}.txt" })],
    ["beginnings", rule({ at: "$CWD/up/{photo-<n>}" }), rule({ at: "$CWD/up/{log-<n>}" })],
    ["names", rule({ but: ["a", "b"] }), rule({ at: "$CWD/up/{<one>}", names: ["a", "b"] })],
    ["directories", rule({ at: "$CWD/up/a/{<name>}" }), rule({ at: "$CWD/up/{<n>}/{<name>}" })],
    ["kinds of rule", rule({ of: ["open"] }), rule({ at: "$CWD/up", found: "any", of: ["open"] })],
  ])("is there where the other deleted a rule of other %s", (_, deleted, made) => {
    for (const merge of both([deleted], [], [deleted, made])) expect(merge()).toEqual([made]);
  });
});
