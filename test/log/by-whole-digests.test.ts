/** What a monitor takes for one thing: it compares whole digests, and of contours those of the files. */
import { describe, expect, it } from "vitest";
import { FleetMonitor, type Review } from "../../packages/log/src/monitor/index.ts";
import type { Said } from "../../packages/log/src/statement/index.ts";
import { birth, contour, entriesOf, START } from "./statements.ts";

const unreviewed: Review = { hasReviewers: false, isReviewed: () => false, added: () => undefined };

function inLog(said: readonly Said[], review = unreviewed) {
  const monitor = new FleetMonitor(review, START);
  const found = entriesOf(said).flatMap((bytes, entry) => monitor.see(entry, bytes));
  return { kinds: found.map(({ entry, kind }) => `${entry} ${kind}`) };
}

describe("a monitor of a fleet's log", () => {
  it("finds another file of the same state under one name, unless both files are at hand and it permits no more", () => {
    const published = [contour(1, 2), contour(3, 2)];
    expect(inLog(published).kinds).toEqual(["1 widened-contour"]);
    expect(inLog(published, { ...unreviewed, added: () => 0 }).kinds).toEqual([]);
    expect(inLog([contour(1, 2), contour(1, 2)]).kinds).toEqual([]);
  });

  it("finds a register that is born on two nodes whose ids begin alike", () => {
    const one = birth(1, 1);
    const other = { ...one, node: `${one.node.slice(0, 63)}${one.node.endsWith("0") ? "1" : "0"}` };
    expect(inLog([one, one]).kinds).toEqual([]);
    expect(inLog([one, other]).kinds).toEqual(["1 birth-twice"]);
  });
});
