import { describe, expect, it } from "vitest";
import type { RunReport } from "./report.ts";
import { reportText } from "./run-report.ts";

const departure = (index: number) => ({
  why: `"departures": [] at ${index}\n`,
  act: "open",
  count: index,
  chain: ["a", "b"],
});
const withDepartures = (count: number) =>
  ({
    isoline: 1,
    verdict: "off-contour",
    contour: 'x"departures": []',
    departures: Array.from({ length: count }, (_, index) => departure(index)),
    integrity: { registers: { sha1: { "10": '\n  "departures": []' } } },
  }) as unknown as RunReport;

describe("the text of a report", () => {
  it.each([0, 1, 2, 100, 101, 250])("is its JSON, written in pieces, with %s departures", (count) => {
    const report = withDepartures(count);
    expect(Array.from(reportText(report)).join("")).toBe(`${JSON.stringify(report, null, 2)}\n`);
  });

  it("has no piece that grows with the departures", () => {
    const longest = (count: number) =>
      Math.max(...Array.from(reportText(withDepartures(count)), (piece) => piece.length));
    expect(longest(10_000)).toBeLessThan(2 * longest(200));
  });
});
