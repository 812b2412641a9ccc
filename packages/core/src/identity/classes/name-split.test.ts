import fc from "fast-check";
import { expect, test } from "vitest";
import { type Kind, type KindName, kinds } from "./kinds.ts";
import { NameClass } from "./name-class.ts";

/** As a class was matched before. */
function matchedByExpression({ kinds: found }: NameClass, literals: readonly string[], name: string): boolean {
  const quoted = literals.map((literal) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const source = quoted.map((text, at) => text + (at < found.length ? `(${kinds[found[at] as KindName].source})` : ""));
  const parts = new RegExp(`^${source.join("")}$`).exec(name);
  return parts !== null && found.every((kind, at) => (kinds[kind] as Kind).fits?.(parts[at + 1] as string) ?? true);
}

const names = Object.keys(kinds).filter((name) => name !== "k") as KindName[];
const literal = fc.constantFrom("_", "-", "g", ".", "T", "_g", "--", "Z");
const outer = fc.constantFrom("", "a", "_", "1", "-");
const piece = fc.oneof(
  literal,
  outer,
  fc.constantFrom("2026-11-24", "20261124T1200", "12", "0aB9xK", "deadbeef", "ABCDEF01", "_______", "x8Kq2p", "%a%b"),
);

test("a name is split as the obvious regular expression splits it", () => {
  const known = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 });
  let matched = 0;
  fc.assert(
    fc.property(
      known,
      fc.array(literal, { minLength: 3, maxLength: 3 }),
      fc.tuple(outer, outer),
      fc.array(piece, { maxLength: 9 }),
      (found, between, [first, last], pieces) => {
        const literals = [first, ...between.slice(0, found.length - 1), last];
        const text = literals.map((each, at) => each + (at < found.length ? `<${found[at]}>` : "")).join("");
        const made = NameClass.parse(`{${text}}`);
        if (!(made instanceof NameClass)) return;
        for (const name of [pieces.join(""), first + pieces.join("") + last]) {
          const expected = matchedByExpression(made, literals, name);
          expect(made.matches(name)).toBe(expected);
          if (expected) matched += 1;
        }
      },
    ),
    { numRuns: 5000 },
  );
  expect(matched).toBeGreaterThan(20);
});

test("a name that is made for a class of four kinds is answered", { timeout: 5000 }, () => {
  const made = NameClass.parse("{<random>_<random>_<random>_<random>}") as NameClass;
  for (let times = 0; times < 20; times++) expect(made.matches(`${"_".repeat(235 + times)}!`)).toBe(false);
});
