import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { visiblePieces, visibleText } from "./visible.ts";

describe("text from outside", () => {
  it.each([
    ["a right-to-left override", "photo\u202egpj.exe", "photo\\u{202e}gpj.exe"],
    ["an isolate", "a\u2066b\u2069", "a\\u{2066}b\\u{2069}"],
    ["a new line and a carriage return", "a\r\nb", "a\\u{d}\\u{a}b"],
    ["an escape sequence of a terminal", "\u001b[2J", "\\u{1b}[2J"],
    ["a zero-width space", "pass\u200bwd", "pass\\u{200b}wd"],
    ["a no-break space", "a\u00a0b", "a\\u{a0}b"],
    ["a lone surrogate", "a\ud800b", "a\\u{d800}b"],
    ["a tag character", "a\u{e0041}", "a\\u{e0041}"],
    ["a variation selector", "a\ufe0f", "a\\u{fe0f}"],
    ["a filler that is drawn as nothing", "\u3164", "\\u{3164}"],
    ["markup, which is only text", "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
    ["letters of other scripts", "/home/łódź/日本/שלום", "/home/łódź/日本/שלום"],
  ])("shows %s", (_what, text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it("shows at most two marks on one letter", () => {
    expect(visibleText("e\u0301\u0302\u0303\u0304")).toBe("e\u0301\u0302\\u{303}\\u{304}");
  });

  it("tells an escape from the same letters in a name", () => {
    expect(visiblePieces("\\u{202e}\u202e")).toStrictEqual([
      { text: "\\u{202e}", escaped: false },
      { text: "\\u{202e}", escaped: true },
    ]);
  });

  it("says how much of a long text is cut", () => {
    expect(visibleText("a".repeat(50), 10)).toBe(`${"a".repeat(10)} … 40 characters more`);
  });

  it("never shows a control or a format character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(visibleText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });
});
