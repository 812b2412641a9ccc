/**
 * How well rules explain the runs: which acts of a run no other run did, once the rules are applied. Each run is left out in
 * turn, and a rule helps it only if the other runs alone would have led to that rule.
 */
import { RunSet } from "../evidence/run-set.ts";
import { Classes } from "../identity/classes/classes.ts";
import { encodeEvent } from "../event/encoding.ts";
import type { Event } from "../event/event.ts";
import type { Act } from "./acts.ts";
import type { Candidate } from "./candidate.ts";

/** An act after the rules. */
export interface Image {
  readonly act: Act;
  readonly event: Event;
  /** The rules that changed it, by their place among the candidates. */
  readonly rules: readonly number[];
}

export interface Fit {
  readonly images: readonly Image[];
  /** The runs that did something that no other did, with what it was. */
  readonly lonely: ReadonlyMap<number, readonly Image[]>;
  /** What rules explain that otherwise only this run did: for each run the rules that it takes. */
  readonly rescued: ReadonlyMap<number, ReadonlySet<number>>;
  /** For each rule the runs that it helped. */
  readonly gains: readonly ReadonlySet<number>[];
}

export function fit(acts: readonly Act[], candidates: readonly Candidate[]): Fit {
  const classes = new Classes(candidates.map(({ rule }) => rule));
  const images = acts.map((act): Image => ({ act, ...classes.of(act.event, () => act.programs) }));
  const seen = runsByImage(images);
  const lonely = new Map<number, Image[]>();
  const rescued = new Map<number, Set<number>>();
  const gains = candidates.map(() => new Set<number>());
  for (const image of images) {
    const run = image.act.only;
    if (run === undefined || classes.overlooks(image.act.event)) continue;
    if (!isExplained(image, run, candidates, seen)) at(lonely, run, () => []).push(image);
    else {
      const needed = at(rescued, run, () => new Set<number>());
      for (const rule of image.rules) {
        needed.add(rule);
        gains[rule]?.add(run);
      }
    }
  }
  return { images, lonely, rescued, gains };
}

/** The share of runs that did something no other run did. */
export function departingShare({ lonely }: Fit, runs: number): number {
  return runs === 0 ? 1 : lonely.size / runs;
}

/** The runs that saw each image that a rule made, those included that saw it without any rule. */
function runsByImage(images: readonly Image[]): ReadonlyMap<string, RunSet> {
  const seen = new Map<string, RunSet>();
  for (const { event, rules } of images) if (rules.length > 0) at(seen, keyOf(event), () => new RunSet());
  if (seen.size > 0) for (const { event, act } of images) seen.get(keyOf(event))?.addAll(act.runs);
  return seen;
}

function isExplained(
  { event, act, rules }: Image,
  run: number,
  candidates: readonly Candidate[],
  seen: ReadonlyMap<string, RunSet>,
): boolean {
  if (rules.length === 0) return false;
  const runs = seen.get(keyOf(event));
  if (runs === undefined || runs.only !== undefined) return false;
  return rules.every((rule) => candidates[rule]?.holdsWithout(run, act) ?? false);
}

function keyOf(event: Event): string {
  return encodeEvent(event).toString("latin1");
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
