/**
 * Chooses the mildest rules that explain the runs: tier after tier, until few enough runs did something that no other did. What
 * helps no run is not kept, and what is not needed for the target is given back, the costliest first.
 */
import { RunSet } from "../evidence/run-set.ts";
import type { Act } from "./acts.ts";
import { type Candidate, type Tier, tiers } from "./candidate.ts";
import { anyName, byForm, closed, derive, template } from "./derive.ts";
import { deriveFound } from "./derive-found.ts";
import { deriveTrees } from "./derive-tree.ts";
import { departingShare, type Fit, fit, type Image } from "./fit.ts";
import { placesOf } from "./places.ts";

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
  (kept, state) => [...kept, ...derive(state.places(kept), byForm, state.grounds(kept))],
  found,
  withClosed,
  (kept, state) => [...kept, ...deriveTrees(state.fit(kept).images, state.grounds(kept))],
  (kept, state) => widened(kept, state, template),
  (kept, state) => widened(kept, state, anyName),
];

export function choose(acts: readonly Act[], runs: number, target: number): Choice {
  const state = new State(acts, runs);
  const before = departingShare(state.fit([]), runs);
  let kept: readonly Candidate[] = [];
  for (const step of steps) {
    if (departingShare(state.fit(kept), runs) <= target) break;
    kept = step(kept, state);
  }
  const paying = whatPays(kept, state);
  const rules = mildestFor(paying, state, runs, target).toSorted(byTier);
  const last = fit(acts, rules);
  return { rules, fit: last, before, after: departingShare(last, runs) };
}

/** What is derived from the acts under the rules so far; the last fit is remembered. */
class State {
  readonly #acts: readonly Act[];
  readonly runs: number;
  #last: { readonly rules: readonly Candidate[]; readonly fit: Fit } | undefined;

  constructor(acts: readonly Act[], runs: number) {
    this.#acts = acts;
    this.runs = runs;
  }

  fit(rules: readonly Candidate[]): Fit {
    if (this.#last?.rules !== rules) this.#last = { rules, fit: fit(this.#acts, rules) };
    return this.#last.fit;
  }

  grounds(rules: readonly Candidate[]): { readonly runs: number; readonly lonely: ReadonlySet<Image> } {
    return { runs: this.runs, lonely: new Set([...this.fit(rules).lonely.values()].flat()) };
  }

  places(rules: readonly Candidate[]): ReturnType<typeof placesOf> {
    return placesOf(this.fit(rules).images, this.grounds(rules).lonely);
  }
}

function found(kept: readonly Candidate[], state: State): readonly Candidate[] {
  const known = new Set(kept.filter(({ tier }) => tier === "found").map(({ rule }) => rule.at));
  const more = deriveFound(state.fit(kept).images, state.grounds(kept)).filter(({ rule }) => !known.has(rule.at));
  return more.length === 0 ? kept : [...kept, ...more];
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
  const more = derive(placesOf(images, lonely), grouping, { runs: state.runs, lonely, narrower });
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
  const more = derive(state.places(kept), closed, state.grounds(kept));
  return more.length === 0 ? kept : [...kept, ...more];
}

/** Without the rules that help no run, and without wide ones that help only one which departs anyhow: until all that are left do. */
function whatPays(rules: readonly Candidate[], state: State): readonly Candidate[] {
  for (let kept = rules; ; ) {
    const { gains, lonely } = state.fit(kept);
    const paying = kept.filter(({ tier, fresh }, at) => {
      const gain = gains[at] as ReadonlySet<number>;
      return gain.size > 0 && (!isWide(tier) || fresh.size > 1 || ![...fresh].every((run) => lonely.has(run)));
    });
    if (paying.length === kept.length) return kept;
    const narrowed = kept.some((rule) => isWide(rule.tier) && !paying.includes(rule));
    kept = narrowed ? withClosed(paying, state) : paying;
  }
}

function isWide(tier: Tier): boolean {
  return tier === "template" || tier === "any-name" || tier === "tree";
}

/** Gives back rules that the target does not need, the costliest first. */
function mildestFor(rules: readonly Candidate[], state: State, runs: number, target: number): readonly Candidate[] {
  const { lonely, rescued, gains } = state.fit(rules);
  const departing = RunSet.of(lonely.keys());
  if (departing.size > target * runs) return rules;
  const given = new Set<number>();
  const order = rules
    .map((_, at) => at)
    .toSorted((a, b) => costOf(rules[b] as Candidate) - costOf(rules[a] as Candidate));
  for (const at of order) {
    const lost = [...(gains[at] as ReadonlySet<number>)].filter((run) => !departing.has(run) && rescued.has(run));
    if (departing.size + lost.length > target * runs) continue;
    for (const run of lost) departing.add(run);
    given.add(at);
  }
  return given.size === 0 ? rules : rules.filter((_, at) => !given.has(at));
}

function costOf({ tier }: Candidate): number {
  return tiers.indexOf(tier);
}

/** For each rule, the share of runs that depart with it and those before it. */
export function cumulativeShares({ rules, fit: { lonely, rescued } }: Choice, runs: number): number[] {
  const needs = [...rescued].map(([run, needed]) => ({ run, last: Math.max(-1, ...needed) }));
  return rules.map((_, at) => {
    const departing = new Set(lonely.keys());
    for (const { run, last } of needs) if (last > at) departing.add(run);
    return departing.size / runs;
  });
}
