import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryContour, contourOf, textOf } from "../../../../test/arbitrary/contour.ts";
import { iso1 } from "../profile/iso1.ts";
import type { Contour } from "./contour.ts";
import { mergeContours } from "./merge.ts";
import { contourOfRun } from "./of-run.ts";
import { parseContour } from "./read.ts";

const reread = (contour: Contour) => parseContour(Buffer.from(textOf(contour)), { profile: iso1 }) as Contour;

/** Plays events into a contour, as a run does. */
function play(contour: Contour, behaviour: Contour): void {
  for (const task of behaviour.tasks()) contour.defineTask(task);
  for (let index = 0; index < behaviour.size; index++) contour.add(behaviour.event(index));
  contour.flag("a gap");
}

test("what a run saw, merged with the contour before the run, gives the contour after it", () => {
  fc.assert(
    fc.property(arbitraryContour, arbitraryContour, (first, behaviour) => {
      const before = contourOf([]);
      play(before, first);
      const after = reread(before);
      play(after, behaviour);
      const run = contourOfRun(after);
      expect(run.size).toBe(behaviour.size);
      for (let index = 0; index < run.size; index++)
        expect(run.occurrences(index)).toBe(after.occurrences(after.indexOfPoint(run.point(index))));
      expect(textOf(mergeContours([reread(before), run]))).toBe(textOf(after));
    }),
    { numRuns: 30 },
  );
});
