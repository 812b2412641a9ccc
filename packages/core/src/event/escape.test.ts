import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeBytes, isEscaped, unescapeToBytes } from "./escape.ts";

/** Bytes with many special cases: separators, escape characters, broken sequences. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.string({ unit: "grapheme", maxLength: 4 }).map((text) => Buffer.from(text)),
      fc
        .constantFrom("efbbbf", "5c", "5c783230", "c0af", "eda080", "f09f98", "e280ae", "20", "00")
        .map((hex) => Buffer.from(hex, "hex")),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

test("escaped text gives back its bytes, is canonical, and stays on one line without spaces", () => {
  fc.assert(
    fc.property(bytes, (input) => {
      const text = escapeBytes(input);
      expect(unescapeToBytes(text)).toEqual(input);
      expect(isEscaped(text)).toBe(true);
      expect(text).not.toMatch(/[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/);
    }),
    { numRuns: 2_000 },
  );
});

test("every character is escaped that is not drawn, draws nothing but a gap, or changes how its neighbours are drawn", () => {
  const HIDDEN = /[\p{Cc}\p{Z}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u{2800}\u{13430}-\u{1343f}]/u;
  const shown: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const character = String.fromCodePoint(code);
    if (HIDDEN.test(character) && escapeBytes(Buffer.from(character)) === character) shown.push(code.toString(16));
  }
  expect(shown).toEqual([]);
});

test("different bytes give different text, also where one begins with a byte order mark", () => {
  const mark = Buffer.from("efbbbf", "hex");
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(escapeBytes(a) === escapeBytes(b)).toBe(a.equals(b));
      expect(escapeBytes(Buffer.concat([mark, a]))).not.toBe(escapeBytes(a));
    }),
    { numRuns: 2_000 },
  );
});

test("no other spelling counts as escaped", () => {
  for (const text of ["a b", "\\", "\\x4", "\\x41", "\\X20", "\\xff\\xc3\\xa4", "\ud800", "\u202e", "\n"])
    expect(isEscaped(text)).toBe(false);
});
