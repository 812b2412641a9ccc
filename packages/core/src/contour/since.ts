/** Extracts the part of a contour that one of several runs added. */
import type { Exchange } from "../profile/profile.ts";
import { Contour } from "./contour.ts";

/** The counts of a contour at one moment, before a run adds to it. */
export interface Mark {
  readonly occurrences: Float64Array;
  readonly firings: ReadonlyMap<string, number>;
  readonly incomplete: ReadonlyMap<string, number>;
}

export function markOf<E extends Exchange>(contour: Contour<E>): Mark {
  return {
    occurrences: Float64Array.from({ length: contour.size }, (_, index) => contour.provenance(index).occurrences),
    firings: new Map(contour.firings),
    incomplete: new Map(contour.incomplete.map(({ reason, count }) => [reason, count])),
  };
}

/**
 * A contour of the run since a mark, with the points that the run produced, in their order and with their counts. Merging it
 * into a contour that already has the earlier runs counts nothing twice.
 */
export function contourSince<E extends Exchange>(contour: Contour<E>, mark: Mark): Contour<E> {
  const { profile, policy, base, aggregate } = contour;
  const own = Contour.create({ profile, policy, base, aggregate });
  for (const task of contour.tasks()) own.defineTask(task);
  for (const index of contour.trajectory()) {
    const occurrences = contour.provenance(index).occurrences - (mark.occurrences[index] ?? 0);
    if (occurrences <= 0) continue;
    own.restoreProvenance(own.add(contour.event(index)).index, { runs: 1, occurrences });
  }
  for (const { reason, count } of contour.incomplete) {
    const more = count - (mark.incomplete.get(reason) ?? 0);
    if (more > 0) own.flag(reason, more);
  }
  for (const [rule, times] of contour.firings) {
    const more = times - (mark.firings.get(rule) ?? 0);
    if (more > 0) own.fired(rule, more);
  }
  return own;
}
