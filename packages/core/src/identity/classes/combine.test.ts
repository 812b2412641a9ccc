import { describe, expect, it } from "vitest";
import { combinedRules } from "./combine.ts";
import type { ClassRule } from "./rule.ts";

const rule = (about: Partial<ClassRule> = {}): ClassRule => ({
  at: "$CWD/up/{photo-<n>}.jpg",
  of: ["create"],
  replaces: 3,
  accepts: "a number",
  because: "3 of 3 runs",
  ...about,
});

describe("the rules of two branches", () => {
  it("about different places are all there, and equal ones once", () => {
    const other = rule({ at: "$CWD/logs/{log-<n>}.txt" });
    const found = rule({ at: "$CWD/up", found: "any" });
    expect(combinedRules([rule(), other, rule(), found])).toEqual([rule(), other, found]);
  });

  it("that differ only in their evidence are one, with that of more acts", () => {
    expect(combinedRules([rule(), rule({ replaces: 9, because: "9 of 9 runs" })])).toEqual([
      rule({ replaces: 9, because: "9 of 9 runs" }),
    ]);
  });

  it.each([
    ["operations", { of: ["create", "open"] }, {}],
    ["programs", {}, { by: ["cp"] }],
    ["names", { names: ["a", "b", "c"] }, { names: ["a", "b"] }],
    ["exceptions", {}, { but: ["photo-1.jpg"] }],
  ] as const)("one of which takes in the other's %s become that one", (_, wider, narrower) => {
    expect(combinedRules([rule(narrower), rule(wider)])).toEqual([rule(wider)]);
    expect(combinedRules([rule(wider), rule(narrower)])).toEqual([rule(wider)]);
  });

  it.each([
    [{ by: ["cp"] }, { by: ["mv"] }],
    [{ of: ["create"] }, { of: ["open"] }],
    [{ names: ["a", "b"] }, { names: ["b", "c"] }],
    [{ by: ["cp"], of: ["create", "open"] }, { of: ["create"] }],
  ] as const)(
    "of which neither takes in the other are a conflict that names the place and both: %j %j",
    (one, other) => {
      expect(() => combinedRules([rule(one), rule(other)])).toThrow(
        /two rules for \$CWD\/up\/\{photo-<n>\}\.jpg differ, and neither takes in the other: .*; make them equal/,
      );
    },
  );
});
