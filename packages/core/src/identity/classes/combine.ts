/**
 * The rules of several contours as one list. Two rules about the same place become one where one of them takes in the other: the
 * result is never wider than what one of the contours has reviewed. Where neither does, that is a conflict for a person.
 */
import { IsolineError } from "../../error.ts";
import { canonicalRule, type ClassRule } from "./rule.ts";

/** Every rule once; throws `not-comparable` where two rules about one place differ and neither takes in the other. */
export function combinedRules(rules: readonly ClassRule[]): ClassRule[] {
  const byPlace = new Map<string, ClassRule>();
  for (const rule of rules) {
    const key = placeOf(rule);
    const known = byPlace.get(key);
    byPlace.set(key, known === undefined ? rule : widerOf(known, rule));
  }
  return [...byPlace.values()];
}

/** What two rules of one list never have in common. */
export function placeOf({ found, at }: ClassRule): string {
  return `${found ?? ""} ${at}`;
}

/** Whether two rules take the same acts, whatever their evidence and their words. */
export function takeTheSame(one: ClassRule, other: ClassRule): boolean {
  return takesIn(one, other) && takesIn(other, one);
}

/** The one that takes in the other; of two that take the same, the one with more evidence. Throws `not-comparable` where neither does. */
export function widerOf(one: ClassRule, other: ClassRule): ClassRule {
  if (takeTheSame(one, other)) return one.replaces >= other.replaces ? one : other;
  if (takesIn(one, other)) return one;
  if (takesIn(other, one)) return other;
  throw new IsolineError(
    "not-comparable",
    `two rules for ${one.at} differ, and neither takes in the other: ${lineOf(one)} and ${lineOf(other)}; ` +
      "make them equal in both contours, or delete one, and merge again",
  );
}

/** Whether everything that is an act of the other rule's class is one of this rule's as well. */
export function takesIn(rule: ClassRule, other: ClassRule): boolean {
  return (
    has(rule.of, other.of) &&
    (rule.by === undefined || (other.by !== undefined && has(rule.by, other.by))) &&
    has(rule.names ?? [], other.names ?? []) &&
    has(other.but ?? [], rule.but ?? [])
  );
}

function has(all: readonly string[], some: readonly string[]): boolean {
  const known = new Set(all);
  return some.every((each) => known.has(each));
}

/** What a rule takes, without its place and without its words. */
export function lineOf(rule: ClassRule): string {
  const { at: _at, replaces: _replaces, accepts: _accepts, because: _because, ...what } = canonicalRule(rule);
  return JSON.stringify(what);
}
