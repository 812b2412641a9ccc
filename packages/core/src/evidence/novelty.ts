/**
 * What was new in each run of a contour's evidence, in two ways:
 *
 * - **alone**: what no other run did, earlier or later. Leaving one run out, this is what it would have departed with from the
 *   contour of all others.
 * - **by halves**: what no run of the earlier half did, in the runs of the later half. State that stays from run to run shows here
 *   and not above: what one run leaves, and all later runs find, is new to the earlier half, and then known to all of them.
 *
 * An incomplete run is no trial, because what it did not show could be anything; but what it did is on the contour, so nothing of
 * it is new in another run.
 */
import type { Digest } from "../digest.ts";
import type { Evidence } from "./evidence.ts";
import type { RunRecord } from "./run-record.ts";
import { RunSet } from "./run-set.ts";
import { NO_RUN } from "./seen-by.ts";

export type Way = "alone" | "by halves";

/** The index of a point that is not on the contour any more. */
export const REMOVED = -1;

/** A run that counts. What was new in it is given as indices of points on the contour, or `REMOVED`. */
export interface Trial {
  /** Its place in the order of time. */
  readonly place: number;
  readonly run: RunRecord;
  readonly alone: readonly number[];
  /** What no run of the earlier half did; empty for a run of the earlier half. */
  readonly late: readonly number[];
  /** The run that was the first to do what this one did: that of the act which came last. */
  readonly latest: number;
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
  const places = [...evidence.runs.keys()].filter((place) => isComplete(evidence.runs[place] as RunRecord));
  const middle = places[middleOf(places.length)] ?? 0;
  const news = evidence.runs.map(() => ({ alone: [] as number[], late: [] as number[], latest: 0 }));
  const earliest = new Uint16Array(size * 2).fill(NO_RUN);
  /** By the first run that did something: the runs that did some of it as well. */
  const noted: (RunSet | undefined)[] = evidence.runs.map(() => undefined);
  const missed = (runs: RunSet) => {
    for (const place of runs) {
      const found = news[place];
      if (found === undefined) continue;
      found.alone.push(REMOVED);
      if (place >= middle) found.late.push(REMOVED);
      found.latest = NO_RUN;
    }
  };
  evidence.eachSighting((point, runs, past) => {
    const index = indexOf(point);
    if (index === REMOVED) return missed(runs);
    const [first, second] = runs.firstTwo;
    earliest[index * 2] = past > 0 ? 0 : first < 0 ? NO_RUN : first + FIRST_PLACE;
    earliest[index * 2 + 1] = past > 0 ? 1 : second < 0 ? NO_RUN : second + FIRST_PLACE;
    if (past > 0) return;
    if (second < 0) news[first]?.alone.push(index);
    // What the first run did is known to all others, and there is nothing to note.
    if (first <= 0) return;
    if (first >= middle) for (const place of runs) news[place]?.late.push(index);
    // Most points were seen by the same runs as many others.
    const known = noted[first];
    noted[first] = known === undefined ? runs : RunSet.union(known, runs);
  });
  for (const [first, runs] of noted.entries())
    for (const place of runs ?? []) {
      const found = news[place];
      if (found !== undefined) found.latest = Math.max(found.latest, first + FIRST_PLACE);
    }
  for (const { alone, late } of news) for (const indices of [alone, late]) indices.sort((a, b) => a - b);
  const trials = places.flatMap((place) => {
    const [run, found] = [evidence.runs[place], news[place]];
    return run && found ? [{ place: place + FIRST_PLACE, run, ...found }] : [];
  });
  return { trials, earliest };
}

/** Where the later half of so many runs begins; the one in the middle belongs to it. */
export function middleOf(runs: number): number {
  return Math.floor(runs / 2);
}
