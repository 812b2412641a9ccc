import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryContour, contourOf, openAct, textOf } from "../../../../test/arbitrary/contour.ts";
import type { Digest } from "../digest.ts";
import { iso1 } from "../profile/iso1.ts";
import { Contour } from "./contour.ts";
import { mergeContours } from "./merge.ts";
import { parseContour } from "./read.ts";

/** Contours that can be merged: any behaviour, under the same policy and base. */
const behaviour = arbitraryContour.map((contour) => mergeContours([rebased(contour)]));

function rebased(contour: Contour): Contour {
  const other = contourOf([]);
  for (const task of contour.tasks()) other.defineTask(task);
  for (let index = 0; index < contour.size; index++) other.add(contour.event(index));
  for (const reason of contour.incomplete) other.flag(reason);
  return other;
}

const points = (contour: Contour) => new Set(Array.from({ length: contour.size }, (_, index) => contour.point(index)));

describe("a merged contour", () => {
  test("has the points of both, and its state does not depend on their order", () => {
    fc.assert(
      fc.property(behaviour, behaviour, (a, b) => {
        const merged = mergeContours([a, b]);
        expect(points(merged)).toEqual(new Set([...points(a), ...points(b)]));
        expect(mergeContours([b, a]).state()).toBe(merged.state());
        expect(textOf(parseContour(Buffer.from(textOf(merged)), { profile: iso1 }))).toBe(textOf(merged));
      }),
    );
  });

  test("of one contour is that contour", () => {
    fc.assert(
      fc.property(arbitraryContour, (contour) => {
        expect(textOf(mergeContours([contour]))).toBe(textOf(contour));
      }),
    );
  });

  test("is the same, however often one of them is given, and has the gaps of all", () => {
    const program = { chain: ["/bin/sh"], acts: [openAct("/a"), openAct("/b"), openAct("/a")] };
    const a = contourOf([program]);
    const b = contourOf([{ ...program, acts: [openAct("/c"), openAct("/a")] }]);
    a.flag("lost notifications");
    expect(textOf(mergeContours([a, b, b]))).toBe(textOf(mergeContours([b, a])));
    expect(mergeContours([b, a]).incomplete).toEqual(["lost notifications"]);
  });
});

describe("what cannot be merged", () => {
  const digest = "ab".repeat(32) as Digest;
  test.each([
    ["policy", Contour.create({ profile: iso1, policy: '{"lens":"exact"}' })],
    ["base", Contour.create({ profile: iso1, policy: "{}", base: digest })],
    ["aggregate", Contour.create({ profile: iso1, policy: "{}", aggregate: digest })],
  ])("another %s", (what, other) => {
    const refusal = expect.objectContaining({
      code: "not-comparable",
      message: expect.stringContaining(`the same ${what}`),
    });
    expect(() => mergeContours([contourOf([]), other])).toThrow(refusal);
  });
});
