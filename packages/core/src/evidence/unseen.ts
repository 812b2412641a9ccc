/** Which points of a contour the last runs did not see. */
import type { Contour } from "../contour/contour.ts";
import { IsolineError } from "../error.ts";
import type { Evidence } from "./evidence.ts";
import type { RunRecord } from "./run-record.ts";

export interface Unseen {
  /** Indices of the points that no such run saw, and that were seen before. */
  readonly points: readonly number[];
  /** Points of which the evidence knows nothing: they are never proposed. */
  readonly unknown: number;
  /** Points that were accepted since the first of the runs: the runs after that may not have had an occasion. */
  readonly accepted: number;
  /** The runs that were looked at, oldest first. */
  readonly runs: readonly RunRecord[];
}

/**
 * The points that none of the last `count` runs saw. A run that was not complete does not count, because it may have done what
 * it did not see. Refuses, with `bad-evidence`, evidence of fewer runs.
 */
export function unseenIn(contour: Contour, evidence: Evidence, count: number): Unseen {
  const places = [...evidence.runs.keys()]
    .filter((place) => Object.keys(runAt(evidence, place).incomplete).length === 0)
    .sort((a, b) => (runAt(evidence, a).when < runAt(evidence, b).when ? -1 : 1))
    .slice(-count);
  if (places.length < count)
    throw new IsolineError(
      "bad-evidence",
      `expected evidence of at least ${count} complete runs, and there is that of ${places.length}: learn more (--merge), or ask for fewer`,
    );
  const runs = places.map((place) => runAt(evidence, place));
  const since = runs[0]?.when ?? "";
  const late = new Set(evidence.acceptances.filter(({ when }) => when >= since).map(({ point }) => point));
  const early = new Set(evidence.acceptances.map(({ point }) => point));
  const points: number[] = [];
  let [unknown, accepted] = [0, 0];
  for (let index = 0; index < contour.size; index++) {
    const point = contour.point(index);
    const seen = evidence.runsOf(point);
    if (places.some((place) => seen?.has(place))) continue;
    if (late.has(point)) accepted += 1;
    else if (seen === undefined && !early.has(point)) unknown += 1;
    else points.push(index);
  }
  return { points, unknown, accepted, runs };
}

function runAt(evidence: Evidence, place: number): RunRecord {
  return evidence.runs[place] as RunRecord;
}
