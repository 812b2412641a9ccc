import { expect, it } from "vitest";
import { ContentNotes } from "./content-notes.ts";

it("remarks on files are kept as long as their letters have room; what is beyond is counted", () => {
  const notes = new ContentNotes(10_000);
  const remark = (number: number) => ({ what: "changed", path: `/${number}${"x".repeat(3000)}` }) as const;
  for (const number of [1, 2, 3, 4, 5, 1]) notes.add([remark(number)]);
  expect(notes.all).toEqual([
    { ...remark(1), count: 2 },
    { ...remark(2), count: 1 },
    { ...remark(3), count: 1 },
  ]);
  expect(notes.more).toBe(2);
});
