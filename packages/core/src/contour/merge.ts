/** Merges several contours into one that permits what any of them permits. */
import type { Exchange } from "../profile/profile.ts";
import { assertMergeable } from "./comparable.ts";
import { Contour } from "./contour.ts";

/**
 * A new contour with every task and every point of all; runs, occurrences, gaps and rule counts add up. Points first seen in an
 * earlier contour come first. The state does not depend on the order of the contours; the measurement does. Refuses contours of
 * another profile, policy, base or aggregate with `not-comparable`.
 *
 * @example
 * import { Contour, iso1, mergeContours } from "@isoline/core";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * console.log(mergeContours([empty, empty]).runs);
 * // prints: 2
 */
export function mergeContours<E extends Exchange>(contours: readonly [Contour<E>, ...Contour<E>[]]): Contour<E> {
  const [first, ...others] = contours;
  for (const other of others) assertMergeable(first, other);
  const { profile, policy, base, aggregate } = first;
  const merged = Contour.create({ profile, policy, base, aggregate });
  for (const contour of contours) addBehaviour(merged, contour);
  restoreProvenance(merged, contours);
  for (const contour of contours) addRemarks(merged, contour);
  return merged;
}

function addBehaviour<E extends Exchange>(merged: Contour<E>, contour: Contour<E>): void {
  for (const task of contour.tasks()) merged.defineTask(task);
  for (const index of contour.trajectory()) merged.add(contour.event(index));
}

function restoreProvenance<E extends Exchange>(merged: Contour<E>, contours: readonly Contour<E>[]): void {
  const runs = new Uint32Array(merged.size);
  const occurrences = new Float64Array(merged.size);
  for (const contour of contours) {
    for (let index = 0; index < contour.size; index++) {
      const there = merged.indexOfPoint(contour.point(index));
      const seen = contour.provenance(index);
      runs[there] = (runs[there] as number) + seen.runs;
      occurrences[there] = (occurrences[there] as number) + seen.occurrences;
    }
  }
  for (let index = 0; index < merged.size; index++) {
    merged.restoreProvenance(index, { runs: runs[index] as number, occurrences: occurrences[index] as number });
  }
  const allRuns = contours.reduce((sum, contour) => sum + contour.runs, 0);
  merged.restoreHistory(allRuns, new Uint32Array(0));
}

function addRemarks<E extends Exchange>(merged: Contour<E>, contour: Contour<E>): void {
  for (const { reason, count } of contour.incomplete) merged.flag(reason, count);
  for (const [rule, times] of contour.firings) merged.fired(rule, times);
}
