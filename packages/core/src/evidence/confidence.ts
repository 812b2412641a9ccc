/**
 * What the runs that a contour was learnt from say about further runs: which share of them will depart.
 *
 * The estimate is made by run and never by point, because points come in bundles: one new file is a dozen of them. A run that did
 * something no other run did would have departed from the contour that all others make. The share of such runs is therefore what
 * the next run can be expected to do, and the number of runs bounds how wrong that can be.
 *
 * That holds for runs that do not depend on each other. Where the workload finds what earlier runs left, they do: a file that one
 * run leaves and all later runs read is new only once. So runs from a clean start are preferred. Without enough of them the
 * estimate is also made by halves: how many runs of the later half did something that no run of the earlier half had done. That is
 * what becomes of a contour that is learnt and then left as it is. The greater of the two estimates counts.
 */
import type { Contour } from "../contour/contour.ts";
import { isBounded, upperBound } from "./binomial.ts";
import { type Cause, Explainer, type Finding } from "./causes.ts";
import type { Evidence } from "./evidence.ts";
import { isComplete, middleOf, REMOVED, sightingsIn, type Trial, type Way } from "./novelty.ts";

/** How many of some runs departed, and what that says about the next. */
export interface Estimate {
  /** The runs that the estimate rests on. */
  readonly trials: number;
  /** Those of them that did something new. */
  readonly departing: number;
  /** The expected share of further runs that depart. */
  readonly expected: number;
  /** The share that is not exceeded, at 95 %. */
  readonly bound: number;
  /** What was counted as new: what no other run did, or what no run of the earlier half did. */
  readonly way: Way;
  /** Which runs it rests on: only those from a clean start, or all complete ones. */
  readonly rests: Rests;
}

export type Rests = "clean" | "all";

/** How many of the runs of the estimate did something new of one kind. */
export interface Share {
  readonly runs: number;
  /** Those of them that did nothing else that was new. */
  readonly only: number;
  /** How many points were new; of those that were removed, how often a run did one. */
  readonly points: number;
}

export interface CauseShare extends Share {
  readonly cause: Cause;
  /** Some of what was new, at most `EXAMPLES`. */
  readonly examples: readonly { readonly program: string; readonly act: string }[];
}

export interface ProgramShare extends Share {
  readonly program: string;
}

/** How many more runs a target takes, if none of them does anything new; undefined if it takes more than `MOST_MORE`. */
export interface Needed {
  readonly target: number;
  readonly runs: number | undefined;
}

export interface Confidence {
  /** All runs that are recorded. */
  readonly runs: number;
  /** Those of them that could not be observed as a whole. They are no trials. */
  readonly incomplete: number;
  /** The complete ones that began from a clean start. */
  readonly clean: number;
  /** The one that counts: the greater of the two that follow. */
  readonly estimate: Estimate;
  /** The estimates in both ways; `byHalves` only where starts are unknown. */
  readonly alone: Estimate;
  readonly byHalves: Estimate | undefined;
  readonly needed: readonly Needed[];
  readonly causes: readonly CauseShare[];
  readonly programs: readonly ProgramShare[];
}

export const TARGETS = [0.1, 0.05] as const;
const EXAMPLES = 3;
const MOST_MORE = 10_000;

/** What the evidence says about further runs; undefined where no complete run is recorded. */
export function confidenceOf(
  contour: Contour,
  evidence: Evidence,
  targets: readonly number[] = TARGETS,
): Confidence | undefined {
  const { trials, earliest } = sightingsIn(evidence, contour.size, (point) => contour.indexOfPoint(point));
  if (trials.length === 0) return undefined;
  const ground = groundOf(trials);
  const findings = explain(contour, earliest, ground);
  const examples = (found: readonly Finding[]) =>
    found.slice(0, EXAMPLES).map(({ index, program }) => ({ program, act: actOf(contour, index) }));
  return {
    runs: evidence.past + evidence.runs.length,
    incomplete: evidence.runs.filter((run) => !isComplete(run)).length,
    clean: trials.filter(({ run }) => run.start === "clean").length,
    estimate: ground.estimate,
    alone: ground.alone,
    byHalves: ground.byHalves,
    needed: targets.map((target) => ({ target, runs: moreRuns(ground, target) })),
    causes: causeShares(findings, examples),
    programs: programShares(findings),
  };
}

/**
 * Only the estimate, without reasons: what a departure is reported with, and what a loop of learning waits for. It does not need
 * the contour, where the points of the evidence are those of the contour.
 */
export function estimateOf(evidence: Evidence): Estimate | undefined {
  const { trials } = sightingsIn(evidence, 1, () => 0);
  return trials.length === 0 ? undefined : groundOf(trials).estimate;
}

interface Ground {
  /** The runs that the estimate rests on. */
  readonly used: readonly Trial[];
  readonly estimate: Estimate;
  readonly alone: Estimate;
  readonly byHalves: Estimate | undefined;
  readonly departing: readonly Departing[];
  /** By halves, the first run of the later one. */
  readonly before: number | undefined;
}

/** A run of the estimate with what was new in it. */
interface Departing {
  readonly place: number;
  readonly indices: readonly number[];
}

/** Chooses the runs to rest on, and counts. */
function groundOf(trials: readonly Trial[]): Ground {
  const clean = trials.filter(({ run }) => run.start === "clean");
  // By halves, half of all runs are trials. As many clean ones say as much, and need not be doubted.
  const rests = clean.length * 2 >= trials.length ? "clean" : "all";
  const used = rests === "clean" ? clean : trials;
  const alone = estimate("alone", rests, aloneIn(used), used.length);
  const middle = middleOf(used.length);
  const byHalves =
    rests === "clean" ? undefined : estimate("by halves", rests, lateIn(used, middle), used.length - middle);
  if (byHalves === undefined || byHalves.expected <= alone.expected) {
    const departing = used.map(({ place, alone: indices }) => ({ place, indices }));
    return { used, estimate: alone, alone, byHalves, departing, before: undefined };
  }
  const departing = used.slice(middle).map(({ place, late: indices }) => ({ place, indices }));
  return { used, estimate: byHalves, alone, byHalves, departing, before: used[middle]?.place };
}

/** How many did something that no other run did. */
const aloneIn = (runs: readonly Trial[]): number => runs.filter(({ alone }) => alone.length > 0).length;

/** How many runs from the one in the middle on did something that no run before it had done. */
function lateIn(runs: readonly Trial[], middle: number): number {
  const from = runs[middle]?.place;
  return from === undefined ? 0 : runs.slice(middle).filter(({ latest }) => latest >= from).length;
}

function estimate(way: Way, rests: Rests, departing: number, trials: number): Estimate {
  return { trials, departing, expected: departing / trials, bound: upperBound(departing, trials), way, rests };
}

/** How many more runs, none of which departs, bring the bound down to the target. */
function moreRuns({ used, byHalves }: Ground, target: number): number | undefined {
  const all = aloneIn(used);
  for (let more = 0; more <= MOST_MORE; more++) {
    const trials = used.length + more;
    const middle = middleOf(trials);
    const late = byHalves === undefined ? 0 : lateIn(used, middle);
    const isGreater = late / (trials - middle) > all / trials;
    if (isGreater ? isBounded(late, trials - middle, target) : isBounded(all, trials, target)) return more;
  }
  return undefined;
}

/** What was new in one run. */
type Found = readonly Finding[];

function explain(contour: Contour, earliest: Uint16Array, { departing, before }: Ground): Found[] {
  if (departing.every(({ indices }) => indices.length === 0)) return [];
  const explainer = new Explainer(contour, earliest, before, every(departing));
  return departing.map(({ place, indices }) => indices.map((index) => explainer.explain(index, place)));
}

function* every(departing: readonly Departing[]): Generator<number> {
  for (const { indices } of departing) yield* indices;
}

const actOf = (contour: Contour, index: number): string => contour.profile.formatAct(contour.event(index));

function causeShares(
  found: readonly Found[],
  examplesOf: (findings: readonly Finding[]) => CauseShare["examples"],
): CauseShare[] {
  const known = [...new Map(found.flat().map((each) => [each.index, each])).values()];
  const of = (cause: Cause) => known.filter((each) => each.cause === cause && each.index !== REMOVED);
  return shares(found, ({ cause }) => cause).map(([cause, share]) => ({
    cause,
    ...share,
    examples: examplesOf(of(cause)),
  }));
}

function programShares(found: readonly Found[]): ProgramShare[] {
  const known = found.map((findings) => findings.filter(({ index }) => index !== REMOVED));
  return shares(known, ({ program }) => program).map(([program, share]) => ({ program, ...share }));
}

/** Counts runs and points by a property of what was new, the property of most runs first. */
function shares<K extends string>(found: readonly Found[], of: (finding: Finding) => K): [K, Share][] {
  const counts = new Map<K, { runs: number; only: number; removed: number; readonly points: Set<number> }>();
  for (const findings of found) {
    const kinds = new Set(findings.map(of));
    for (const kind of kinds) {
      const count = counts.get(kind) ?? { runs: 0, only: 0, removed: 0, points: new Set() };
      count.runs += 1;
      if (kinds.size === 1) count.only += 1;
      counts.set(kind, count);
    }
    for (const finding of findings) {
      const count = counts.get(of(finding));
      if (finding.index !== REMOVED) count?.points.add(finding.index);
      else if (count !== undefined) count.removed += 1;
    }
  }
  return [...counts]
    .map(([kind, { runs, only, removed, points }]): [K, Share] => [kind, { runs, only, points: removed + points.size }])
    .sort(([one, a], [other, b]) => b.runs - a.runs || b.points - a.points || (one < other ? -1 : 1));
}
