import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonText } from "./json-text.ts";

const text = fc.string({ unit: "binary" });
const value = fc.jsonValue({ stringUnit: "binary" });

test("is the same for a reader of JSON, and has no letter that a terminal acts on or hides", () => {
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 2), (given, indent) => {
      const written = jsonText(given, indent);
      expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(given)));
      expect(written).not.toMatch(
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/,
      );
    }),
  );
});

test("without an indentation it is one line", () => {
  fc.assert(fc.property(text, (given) => !jsonText({ [given]: given }).includes("\n")));
});

test("leaves letters of all languages as they are, and writes the others by their code", () => {
  expect(jsonText("naïve 日本 \u{1f30d}")).toBe('"naïve 日本 \u{1f30d}"');
  expect(jsonText("\u009b31m\u202e\u{e0041}")).toBe(String.raw`"\u009b31m\u202e\udb40\udc41"`);
});
