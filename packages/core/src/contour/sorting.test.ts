import fc from "fast-check";
import { expect, it } from "vitest";
import { compareText } from "./line-text.ts";
import { Texts } from "./sorting.ts";

const sorted = (texts: readonly string[], kept = new Texts()) => {
  kept.clear();
  for (const text of texts) kept.push(text);
  return Array.from(kept.ascending(), (number) => kept.text(number));
};

it("sorts texts by their UTF-8 bytes, whatever they have in common", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: fc.constantFrom("a", "b", "\0", "é", "😀", "\uffff") }),
  );
  fc.assert(
    fc.property(fc.array(text), fc.string({ unit: "grapheme" }), (ends, beginning) => {
      const texts = ends.map((end) => beginning + end);
      expect(sorted(texts)).toEqual(texts.toSorted(compareText));
    }),
  );
});

it("can be used again, also after more than one chunk", () => {
  const kept = new Texts();
  const many = Array.from({ length: 30_000 }, (_, index) => `${"long ".repeat(20)}${(index * 7919) % 30_000}`);
  expect(sorted(many, kept)).toEqual(many.toSorted());
  expect(sorted(["b", "", "a"], kept)).toEqual(["", "a", "b"]);
  expect(sorted([], kept)).toEqual([]);
});
