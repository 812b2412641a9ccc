/** Extracts the part of a contour that the present run saw. */
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";
import { emptyLike } from "./merge.ts";

/** A contour with the points that the run produced which `beginRun` began, with their counts, and with every task and every gap. */
export function contourOfRun<E extends Exchange>(contour: Contour<E>): Contour<E> {
  const own = emptyLike(contour);
  for (const task of contour.tasks()) own.defineTask(task);
  for (let index = 0; index < contour.size; index++) {
    const occurrences = contour.occurrences(index);
    if (occurrences > 0) own.count(own.add(contour.event(index)).index, occurrences - 1);
  }
  for (const reason of contour.incomplete) own.flag(reason);
  return own;
}
