/**
 * What was new in each run of a contour's evidence, in two ways:
 *
 * - **alone**: what no other run did, earlier or later. Leaving one run out, this is what it would have departed with from the
 *   contour of all others.
 * - **in order**: what no earlier run did. State that stays from run to run shows here and not above: what one run leaves, and
 *   all later runs find, is new once, and then known to all of them.
 *
 * Runs are in the order of the time at which they began. An incomplete run is no trial, because what it did not show could be
 * anything; but what it did is on the contour, so nothing of it is new in another run.
 */
import type { Digest } from "../digest.ts";
import type { Evidence } from "./evidence.ts";
import type { RunRecord } from "./run-record.ts";

export type Way = "alone" | "in order";

/** A point that was new in a run. */
export interface Novelty {
  readonly point: Digest;
  /** Its index on the contour, or -1 where it was removed from the contour since. */
  readonly index: number;
}

/** A run that counts, with what was new in it. */
export interface Trial {
  /** Its rank in the order of time. */
  readonly rank: number;
  readonly run: RunRecord;
  readonly alone: readonly Novelty[];
  readonly inOrder: readonly Novelty[];
}

export const isComplete = (run: RunRecord): boolean => Object.keys(run.incomplete).length === 0;

/** The ranks of the runs in the order of time, by their places in the evidence. */
export function ranksOf(evidence: Evidence): Uint32Array {
  const places = [...evidence.runs.keys()].sort((one, other) => {
    const [a, b] = [(evidence.runs[one] as RunRecord).when, (evidence.runs[other] as RunRecord).when];
    return a < b ? -1 : a > b ? 1 : one - other;
  });
  const ranks = new Uint32Array(places.length);
  for (const [rank, place] of places.entries()) ranks[place] = rank;
  return ranks;
}

/** The complete runs in the order of time. `indexOf` gives the index of a point on the contour, or -1. */
export function trialsOf(evidence: Evidence, indexOf: (point: Digest) => number): Trial[] {
  const ranks = ranksOf(evidence);
  const alone = Array.from(ranks, (): Novelty[] => []);
  const inOrder = Array.from(ranks, (): Novelty[] => []);
  for (const point of evidence.points()) {
    const index = indexOf(point);
    const novelty = { point, index };
    let earliest = ranks.length;
    let seen = 0;
    for (const place of evidence.runsOf(point) ?? []) {
      const rank = ranks[place] as number;
      if (rank < earliest) earliest = rank;
      seen += 1;
      if (index >= 0) continue;
      // What was removed from the contour is new whenever it comes.
      alone[rank]?.push(novelty);
      inOrder[rank]?.push(novelty);
    }
    if (index < 0 || seen === 0) continue;
    inOrder[earliest]?.push(novelty);
    if (seen === 1) alone[earliest]?.push(novelty);
  }
  const trials: Trial[] = [];
  for (const [place, run] of evidence.runs.entries()) {
    const rank = ranks[place] as number;
    if (isComplete(run)) trials.push({ rank, run, alone: alone[rank] ?? [], inOrder: inOrder[rank] ?? [] });
  }
  return trials.sort((one, other) => one.rank - other.rank);
}
