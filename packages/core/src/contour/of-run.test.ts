import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryContour, contourOf, textOf } from "../../../../test/arbitrary/contour.ts";
import { iso1 } from "../profile/iso1.ts";
import type { Contour } from "./contour.ts";
import { mergeContours } from "./merge.ts";
import { parseContour } from "./read.ts";
import { contourSince, markOf } from "./since.ts";

const reread = (contour: Contour) => parseContour(Buffer.from(textOf(contour)), { profile: iso1 }) as Contour;

/** Plays events into a contour as a run that adds to another run does. */
function run(contour: Contour, behaviour: Contour): void {
  contour.beginRun();
  for (const task of behaviour.tasks()) contour.defineTask(task);
  for (const index of behaviour.trajectory()) contour.add(behaviour.event(index));
  contour.fired("temp-name", 2);
  contour.flag("a gap", 1);
}

test("the part that a run added, merged with the contour before the run, gives the contour after it", () => {
  fc.assert(
    fc.property(arbitraryContour, arbitraryContour, (first, behaviour) => {
      const before = contourOf([]);
      run(before, first);
      const after = reread(before);
      const mark = markOf(after);
      run(after, behaviour);
      expect(textOf(mergeContours([reread(before), contourSince(after, mark)]))).toBe(textOf(after));
    }),
    { numRuns: 30 },
  );
});
