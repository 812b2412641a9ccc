import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sha256 } from "../../digest.ts";
import { iso1 } from "../../profile/iso1.ts";
import { parseContour, type PointCounts } from "../read.ts";
import { writeContour } from "../write.ts";

const file = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const first = file("small-1.contour");
const text = first.toString();

/** The text with its last line made to fit: what a hand that knows the format would write. */
function resealed(changed: string): string {
  const body = changed.replace(/sha256 [0-9a-f]{64}\n$/, "");
  return `${body}sha256 ${sha256(Buffer.from(body))}\n`;
}

describe("a contour of format 1", () => {
  test("is read, and written as one of today", () => {
    expect([...writeContour(parseContour(first, { profile: iso1 }))].join("")).toBe(file("small.contour").toString());
  });

  test("says how often each point was seen, for the evidence", () => {
    const told: [number, readonly PointCounts[]][] = [];
    const changed = resealed(text.replace("runs 1", "runs 3").replace("1:1:1 ", "2:7:1 "));
    const contour = parseContour(changed, { onCounts: (runs, counts) => told.push([runs, counts]) });
    expect(told).toHaveLength(1);
    expect(told[0]?.[0]).toBe(3);
    expect(told[0]?.[1][0]).toEqual({ point: contour.point(0), runs: 2, occurrences: 7 });
  });

  test("keeps no list of its policy that is empty", () => {
    const policy = '{"lens":"default","pseudonyms":[]}';
    const changed = text
      .replace("policy {}", `policy ${policy}`)
      .replace(/policy-digest .*/, `policy-digest ${sha256(Buffer.from(policy))}`);
    expect(parseContour(resealed(changed)).policy).toBe('{"lens":"default"}');
  });

  test("is refused where it is cut off or changed anywhere", () => {
    for (let length = 0; length < first.length; length++)
      expect(() => parseContour(first.subarray(0, length))).toThrow(expect.objectContaining({ code: "bad-contour" }));
    for (let bit = 0; bit < first.length * 8; bit += 13) {
      const flipped = Buffer.from(first);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => parseContour(flipped)).toThrow(expect.objectContaining({ code: "bad-contour" }));
    }
  });

  test.each<[string, string, RegExp]>([
    ["another base", text.replace("base 0", "base 1"), /expected the state [0-9a-f]{64} in line/],
    ["another policy", text.replace("policy {}", 'policy {"a":1}'), /expected a policy whose digest is/],
    ["another order", text.replace(":1 1:1:0 ", ":0 1:1:1 "), /expected the measurement [0-9a-f]{64} in line/],
    ["a place that is given twice", text.replace(":1 ", ":0 "), /every place once/],
    ["more runs than there were", text.replace("  1:", "  3:"), /whole number up to 1/],
    ["no run at all", text.replace("runs 1", "runs 0"), /at least one run/],
    ["another number of points", text.replace("points 5", "points 6"), /expected points 5/],
    ["something after the end", `${text}more\n`, /nothing after the last line/],
  ])("is refused with %s, under a digest that fits", (_, changed, message) => {
    expect(() => parseContour(changed.endsWith("more\n") ? changed : resealed(changed))).toThrow(message);
  });
});
