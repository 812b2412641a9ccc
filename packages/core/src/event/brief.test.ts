import { expect, it } from "vitest";
import { brief } from "./brief.ts";

it("a text in words is kept whole up to its bound; beyond it the beginning, which says how much is missing", () => {
  expect(brief("opened /etc/shadow for reading")).toBe("opened /etc/shadow for reading");
  expect(brief("x".repeat(300))).toBe("x".repeat(300));
  expect(brief("x".repeat(4096))).toBe(`${"x".repeat(300)} (cut: 300 of 4096 letters)…`);
  expect(brief("x".repeat(301))).toBe(`${"x".repeat(300)} (cut: 300 of 301 letters)…`);
});

it("no letter is cut in two, and no escaped byte", () => {
  for (const most of [2, 3, 4, 5]) expect(brief("ab\\x01cd", most)).toBe("ab (cut: 2 of 8 letters)…");
  expect(brief("ab\\x01cd", 6)).toBe("ab\\x01 (cut: 6 of 8 letters)…");
  expect(brief("ab😀cd", 3)).toBe("ab (cut: 2 of 6 letters)…");
  expect(brief("ab😀cd", 4)).toBe("ab😀 (cut: 4 of 6 letters)…");
});
