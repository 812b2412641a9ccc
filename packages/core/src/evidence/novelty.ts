/**
 * What was new in each run of a contour's evidence, in two ways:
 *
 * - **alone**: what no other run did, earlier or later. Leaving one run out, this is what it would have departed with from the
 *   contour of all others.
 * - **in order**: what no earlier run did. State that stays from run to run shows here and not above: what one run leaves, and
 *   all later runs find, is new once, and then known to all of them.
 *
 * An incomplete run is no trial, because what it did not show could be anything; but what it did is on the contour, so nothing of
 * it is new in another run.
 */
import type { Digest } from "../digest.ts";
import type { Evidence } from "./evidence.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunSet } from "./run-set.ts";
import { NO_RUN } from "./seen-by.ts";

export type Way = "alone" | "in order";

/** The index of a point that is not on the contour any more. */
export const REMOVED = -1;

/** A run that counts. What was new in it is given as indices of points on the contour, or `REMOVED`. */
export interface Trial {
  /** Its place in the order of time. */
  readonly place: number;
  readonly run: RunRecord;
  readonly alone: readonly number[];
  readonly inOrder: readonly number[];
}

export const isComplete = (run: RunRecord): boolean => Object.keys(run.incomplete).length === 0;

/** What was seen on a contour: by which runs each point, by index, and what that makes of each run. */
export interface Sightings {
  readonly trials: readonly Trial[];
  /** The earliest two runs of each point side by side, or `NO_RUN`. A point that folded runs saw has them before all others. */
  readonly earliest: Uint16Array;
}

/** Places of runs begin here, so that there are two before all that are recorded: for those of which only counts are known. */
const FIRST_PLACE = 2;

/** `indexOf` gives the index of a point on a contour of this size, or `REMOVED`. */
export function sightingsIn(evidence: Evidence, size: number, indexOf: (point: Digest) => number): Sightings {
  const alone = evidence.runs.map((): number[] => []);
  const inOrder = evidence.runs.map((): number[] => []);
  const earliest = new Uint16Array(size * 2).fill(NO_RUN);
  const missed = (runs: RunSet) => {
    for (const place of runs) for (const found of [alone, inOrder]) found[place]?.push(REMOVED);
  };
  for (const { point, runs, past } of evidence.sightings()) {
    const index = indexOf(point);
    if (index === REMOVED) {
      missed(runs);
      continue;
    }
    const [first, second] = runs.firstTwo;
    if (past > 0) {
      earliest[index * 2] = 0;
      earliest[index * 2 + 1] = 1;
      continue;
    }
    if (first >= 0) earliest[index * 2] = first + FIRST_PLACE;
    if (second >= 0) earliest[index * 2 + 1] = second + FIRST_PLACE;
    inOrder[first]?.push(index);
    if (second < 0) alone[first]?.push(index);
  }
  for (const { runs } of evidence.removed()) missed(runs);
  const trials = evidence.runs.flatMap((run, place) =>
    isComplete(run)
      ? [{ place: place + FIRST_PLACE, run, alone: alone[place] ?? [], inOrder: inOrder[place] ?? [] }]
      : [],
  );
  return { trials, earliest };
}
