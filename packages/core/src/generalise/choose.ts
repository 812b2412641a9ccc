/**
 * Chooses the mildest rules that explain the runs: tier after tier, until few enough runs did something that no other did. What
 * helps no run is not kept, and what is not needed for the target is given back, the costliest first.
 */
import type { Act, Image } from "./acts.ts";
import { type Candidate, type Tier, tiers } from "./candidate.ts";
import { anyName, byForm, closed, derive, template } from "./derive.ts";
import { companion, deriveFound, madeNowAndThen } from "./derive-found.ts";
import { deriveTrees } from "./derive-tree.ts";
import { type Fit, fit } from "./fit.ts";
import { kinIn } from "./kin.ts";
import { markNewest, type Place, placesOf } from "./places.ts";
import type { Trials } from "./trials.ts";

export interface Choice {
  /** The rules, mildest first. */
  readonly rules: readonly Candidate[];
  readonly fit: Fit;
  /** The share of runs that did something no other did, without any rule and with these. */
  readonly before: number;
  readonly after: number;
}

/** Adds the candidates of one tier to those that there are. */
type Step = (kept: readonly Candidate[], state: State) => readonly Candidate[];

const steps: readonly Step[] = [
  formed,
  found,
  withClosed,
  (kept, state) => withMore(kept, deriveTrees(state.fit(kept).images, state.grounds(kept))),
  (kept, state) => widened(kept, state, template),
  (kept, state) => widened(kept, state, anyName),
];

export function choose(acts: readonly Act[], trials: Trials, target: number): Choice {
  const state = new State(acts, trials);
  const before = state.share([]);
  let kept: readonly Candidate[] = [];
  for (const step of steps) {
    if (state.share(kept) <= target) break;
    kept = step(kept, state);
  }
  const paying = whatPays(kept, state);
  const rules = withCompanions(mildestFor(paying, state, target), state).toSorted(byTier);
  return { rules, fit: state.fit(rules), before, after: state.share(rules) };
}

/** The same list where nothing is added to it, so that its fit is known. */
function withMore(kept: readonly Candidate[], more: readonly Candidate[]): readonly Candidate[] {
  return more.length === 0 ? kept : [...kept, ...more];
}

/** Fits that are remembered: those of the rules so far, and of the same without what is only tried. */
const REMEMBERED = 2;

/** What is derived from the acts under the rules so far; the last fits are remembered, as each takes a look at every act. */
class State {
  readonly #acts: readonly Act[];
  readonly trials: Trials;
  #last: readonly { readonly rules: readonly Candidate[]; readonly fit: Fit }[] = [];

  constructor(acts: readonly Act[], trials: Trials) {
    this.#acts = acts;
    this.trials = trials;
  }

  fit(rules: readonly Candidate[]): Fit {
    const known = this.#last.find((one) => isSame(one.rules, rules));
    if (known) return known.fit;
    const kept = this.#last.slice(0, REMEMBERED - 1);
    this.#last = [];
    const made = fit(this.#acts, rules, this.trials);
    this.#last = [{ rules, fit: made }, ...kept];
    return made;
  }

  share(rules: readonly Candidate[]): number {
    return this.trials.share(this.fit(rules).lonely.keys());
  }

  grounds(rules: readonly Candidate[]): { readonly runs: number; readonly lonely: ReadonlySet<Image> } {
    return { runs: this.trials.runs, lonely: new Set([...this.fit(rules).lonely.values()].flat()) };
  }

  places(rules: readonly Candidate[]): Map<string, Place> {
    return this.placesOf(this.fit(rules).images, this.grounds(rules).lonely);
  }

  placesOf(images: readonly Image[], lonely: ReadonlySet<Image>): Map<string, Place> {
    const tops = placesOf(images, lonely);
    markNewest(tops.values(), (trial) => this.trials.othersOf(trial));
    return tops;
  }
}

function isSame(a: readonly Candidate[], b: readonly Candidate[]): boolean {
  return a === b || (a.length === b.length && a.every((rule, at) => rule === b[at]));
}

function formed(kept: readonly Candidate[], state: State): readonly Candidate[] {
  const places = state.places(kept);
  return [...kept, ...derive(places, byForm, { ...state.grounds(kept), kin: kinIn(places.values()) })];
}

function found(kept: readonly Candidate[], state: State): readonly Candidate[] {
  const known = new Set(kept.filter(({ tier }) => tier === "found").map(({ rule }) => rule.at));
  const more = deriveFound(state.fit(kept).images, state.grounds(kept)).filter(({ rule }) => !known.has(rule.at));
  return withMore(kept, more);
}

/**
 * Templates for what closed classes leave unexplained. A template takes the place of the closed class of its directory and
 * ending; what was closed below it is looked for again.
 */
function widened(kept: readonly Candidate[], state: State, grouping: typeof template): readonly Candidate[] {
  const open = kept.filter(({ tier }) => tier !== "closed" && tier !== "template");
  const left = new Set([...state.fit(withClosed(open, state)).lonely.values()].flat().map(({ act }) => act));
  const { images } = state.fit(open);
  const lonely = new Set(images.filter(({ act }) => left.has(act)));
  const narrower = new Map(open.filter(({ tier }) => tier === "number").map((rule) => [rule.rule.at, rule]));
  const more = derive(state.placesOf(images, lonely), grouping, { runs: state.trials.runs, lonely, narrower });
  if (more.length === 0) return kept;
  const rest = open.filter((rule) => !more.some((wider) => covers(wider, rule)));
  return found(withClosed([...more, ...rest].toSorted(byTier), state), state);
}

/** Whether a wider class takes the place of a narrower one: of the same directory, and all of its names. */
function covers(wider: Candidate, narrower: Candidate): boolean {
  if (narrower.tier !== "number" || directoryOf(wider) !== directoryOf(narrower)) return false;
  return [...narrower.names.keys()].every((name) => wider.names.has(name));
}

function directoryOf({ rule }: Candidate): string {
  return rule.at.slice(0, rule.at.lastIndexOf("/"));
}

function byTier(a: Candidate, b: Candidate): number {
  return tiers.indexOf(a.tier) - tiers.indexOf(b.tier);
}

function withClosed(kept: readonly Candidate[], state: State): readonly Candidate[] {
  return withMore(kept, derive(state.places(kept), closed, state.grounds(kept)));
}

/** Without the rules that help no run, and without wide ones that help only one which departs anyhow: until all that are left do. */
function whatPays(rules: readonly Candidate[], state: State): readonly Candidate[] {
  for (let kept = rules; ; ) {
    const { gains, lonely } = state.fit(kept);
    const helping = kept.filter((_, at) => (gains[at] as ReadonlySet<number>).size > 0);
    const kins = new Set(helping.map(({ kin }) => kin));
    const isBelow = ({ rule }: Candidate) => helping.some((above) => rule.at.startsWith(`${above.rule.at}/`));
    const paying = kept.filter((candidate, at) => {
      const { tier, fresh, kin } = candidate;
      const gain = gains[at] as ReadonlySet<number>;
      if (kin !== undefined && kins.has(kin)) return true;
      if ((tier === "form" || tier === "number") && isBelow(candidate)) return true;
      // Two values that were new in two runs are what the rule is about, though neither is left when its run is left out.
      if (tier === "number" && runsOf(fresh, state.trials.runs) > 1) return true;
      return gain.size > 0 && (!isWide(tier) || fresh.size > 1 || ![...fresh].every((run) => lonely.has(run)));
    });
    if (paying.length === kept.length) return kept;
    const narrowed = kept.some((rule) => isWide(rule.tier) && !paying.includes(rule));
    kept = narrowed ? withClosed(paying, state) : paying;
  }
}

function runsOf(trials: Iterable<number>, runs: number): number {
  return new Set([...trials].map((trial) => trial % runs)).size;
}

function isWide(tier: Tier): boolean {
  return tier === "template" || tier === "any-name" || tier === "tree";
}

/** Gives back rules that the target does not need, the costliest first. */
function mildestFor(rules: readonly Candidate[], state: State, target: number): readonly Candidate[] {
  const { lonely, gains } = state.fit(rules);
  const { trials } = state;
  let departing = new Set(lonely.keys());
  if (trials.share(departing) > target) return rules;
  const given = new Set<number>();
  const order = [...rules.keys()].toSorted((a, b) => costOf(rules[b] as Candidate) - costOf(rules[a] as Candidate));
  for (const at of order) {
    const gain = gains[at] as ReadonlySet<number>;
    const without = new Set([...departing, ...gain]);
    if (gain.size === 0 || trials.share(without) > target) continue;
    departing = without;
    given.add(at);
  }
  return given.size === 0 ? rules : rules.filter((_, at) => !given.has(at));
}

/** Where files come and go, of a class of names or by their own, what a run finds there depends on what was done before. */
function withCompanions(rules: readonly Candidate[], state: State): readonly Candidate[] {
  const known = new Set(rules.filter(({ tier }) => tier === "found").map(({ rule }) => rule.at));
  const { images } = state.fit(rules);
  const directories = new Set([
    ...rules.filter(makesFiles).map(directoryOf),
    ...madeNowAndThen(images, state.trials.runs),
  ]);
  const more = [...directories].filter((directory) => !known.has(directory)).flatMap((at) => companion(at, images));
  return withMore(rules, more);
}

function makesFiles({ tier, rule }: Candidate): boolean {
  return (
    tier !== "found" && tier !== "tree" && rule.of.some((operation) => operation === "create" || operation === "rename")
  );
}

function costOf({ tier }: Candidate): number {
  return tiers.indexOf(tier);
}

/** For each rule, the share of runs that depart with it and those before it. */
export function cumulativeShares({ rules, fit: { lonely, rescued } }: Choice, trials: Trials): number[] {
  // What goes with a class explains nothing by itself.
  const explains = (at: number) => rules[at]?.tier !== "found" || rules[at].fresh.first !== undefined;
  const needs = [...rescued].map(([trial, needed]) => ({ trial, last: Math.max(-1, ...[...needed].filter(explains)) }));
  return rules.map((_, at) => {
    const failing = new Set(lonely.keys());
    for (const { trial, last } of needs) if (last > at) failing.add(trial);
    return trials.share(failing);
  });
}
