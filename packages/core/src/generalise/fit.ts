/**
 * How well rules explain the runs: which acts of a run no other run did, once the rules are applied. Each run is left out in
 * turn, and a rule helps it only if the other runs alone would have led to that rule.
 */
import { RunSet } from "../evidence/run-set.ts";
import { Classes } from "../identity/classes/classes.ts";
import { type Act, Image, keyOf } from "./acts.ts";
import type { Candidate } from "./candidate.ts";
import type { Trials } from "./trials.ts";

export interface Fit {
  readonly images: readonly Image[];
  /** The trials in which something was new that no rule explains, with what it was. */
  readonly lonely: ReadonlyMap<number, readonly Image[]>;
  /** For each trial the rules that explain what was new in it. */
  readonly rescued: ReadonlyMap<number, ReadonlySet<number>>;
  /** For each rule the trials that it helped. */
  readonly gains: readonly ReadonlySet<number>[];
}

export function fit(acts: readonly Act[], candidates: readonly Candidate[], trials: Trials): Fit {
  const classes = new Classes(candidates.map(({ rule }) => rule));
  const made = new Map<string, Image>();
  const images = acts.map((act) => imageOf(act, classes, made));
  const seen = runsByImage(images);
  const lonely = new Map<number, Image[]>();
  const rescued = new Map<number, Set<number>>();
  const gains = candidates.map(() => new Set<number>());
  for (const image of images) {
    const { act } = image;
    if (act.fresh.first === undefined || (act.isListing && classes.overlooks(act.event))) continue;
    for (const trial of act.fresh) {
      if (!isExplained(image, trials.othersOf(trial), candidates, seen)) at(lonely, trial, () => []).push(image);
      else {
        const needed = at(rescued, trial, () => new Set<number>());
        for (const rule of image.rules) {
          needed.add(rule);
          gains[rule]?.add(trial);
        }
      }
    }
  }
  return { images, lonely, rescued, gains };
}

/** `made`: what the rules have made so far, by key, so that equal events are kept once. */
function imageOf(act: Act, classes: Classes, made: Map<string, Image>): Image {
  const { names } = act;
  const changed = names && classes.changed(names, () => act.programs);
  if (changed === undefined) return act.unchanged;
  const { event, rules } = changed;
  const key = keyOf(event);
  const like = made.get(key);
  if (like !== undefined) return new Image(act, like.event, like.key, isEqual(like.rules, rules) ? like.rules : rules);
  const image = new Image(act, event, key, rules);
  made.set(key, image);
  return image;
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((rule, at) => rule === b[at]);
}

/** The runs that saw each image that a rule made, those included that saw it without any rule. */
function runsByImage(images: readonly Image[]): ReadonlyMap<string, RunSet> {
  const seen = new Map<string, RunSet>();
  for (const { key } of images) if (key !== undefined) at(seen, key, () => new RunSet());
  if (seen.size === 0) return seen;
  for (const { key, act } of images) if (key !== undefined || act.isMade) seen.get(key ?? act.key)?.addAll(act.runs);
  return seen;
}

function isExplained(
  { act, rules, key }: Image,
  others: RunSet,
  candidates: readonly Candidate[],
  seen: ReadonlyMap<string, RunSet>,
): boolean {
  if (key === undefined) return false;
  const runs = seen.get(key);
  if (!runs?.meets(others)) return false;
  return rules.every((rule) => candidates[rule]?.holdsFrom(others, act) ?? false);
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
