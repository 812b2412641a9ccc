import { expect, test } from "vitest";
import { harmless } from "./wording.ts";

test("text is escaped once, wherever a long one is cut, and says how much is not shown", () => {
  expect(harmless("opened /a\\x20b for reading")).toBe("opened /a\\x20b for reading");
  expect(harmless("\u001b[2Jx")).toBe("\\x1b[2Jx");
  for (const before of ["", "a", "ab", "abc"]) {
    const shown = harmless(`opened /${before}${"\\x01".repeat(600)} for reading`);
    expect(shown).toMatch(/^opened \/a?b?c?(?:\\x01)+… \([0-9]+ more letters\)$/);
  }
  expect(harmless("\ud83c\udf0d".repeat(1500))).toMatch(/^(?:\ud83c\udf0d)+… \(1000 more letters\)$/);
  expect(harmless(`a${"\ud83c\udf0d".repeat(1500)}`)).toMatch(/^a(?:\ud83c\udf0d)+… \(1002 more letters\)$/);
});
