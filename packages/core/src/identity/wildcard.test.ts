import fc from "fast-check";
import { expect, test } from "vitest";
import { ProgramNames } from "./tools/rule.ts";
import { Wildcard } from "./wildcard.ts";

/** As these patterns were matched before. */
function asExpression(names: readonly string[]): RegExp {
  const sources = names.map((name) =>
    name
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*"),
  );
  return new RegExp(`^(?:${sources.join("|")})$`, "s");
}

const pattern = fc.array(fc.constantFrom("a", "b", "ab", "*", "**", ".", "+", ":", "$"), { maxLength: 6 });
const text = fc.array(fc.constantFrom("a", "b", "ab", ".", "+", ":", "\n", "x"), { maxLength: 8 });

test("it agrees with the obvious regular expression", () => {
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 3 }), text, (patterns, parts) => {
      const [names, called] = [patterns.map((each) => each.join("")), parts.join("")];
      const expected = asExpression(names).test(called);
      expect(names.some((name) => new Wildcard(name).matches(called))).toBe(expected);
      expect(new ProgramNames(names).has(["another", called])).toBe(expected || asExpression(names).test("another"));
    }),
    { numRuns: 5000 },
  );
});

test("a name that was made for a pattern of many stars is answered", { timeout: 5000 }, () => {
  expect(new ProgramNames([`ab${"*".repeat(58)}yz`]).has([`ab${"x".repeat(200)}`])).toBe(false);
  expect(new ProgramNames([`ab${"*x".repeat(29)}*yz`]).has([`ab${"x".repeat(4000)}`])).toBe(false);
  expect(new ProgramNames([`ab${"*x".repeat(29)}*yz`]).has([`ab${"x".repeat(4000)}yz`])).toBe(true);
});
