/**
 * The class rules that two branches of a history have made of one list. What one branch withdrew or narrowed never comes back because
 * the other wrote the same rule in other words; where the other changed what the rule takes, that is a conflict for a person.
 */
import { IsolineError } from "../../error.ts";
import { lineOf, placeOf, takesIn, takeTheSame, widerOf } from "./combine.ts";
import { type ClassRule, canonicalRule } from "./rule.ts";

/** Every rule that stays, those of `ours` first; throws `not-comparable` where the branches made of one rule what cannot be one. */
export function rulesOfBranches(
  origin: readonly ClassRule[],
  ours: readonly ClassRule[],
  theirs: readonly ClassRule[],
): ClassRule[] {
  const [before, one, other] = [origin, ours, theirs].map(byPlace) as [Places, Places, Places];
  const places = [...new Set([...one.keys(), ...other.keys()])];
  const merged = places.flatMap((place) => mergeRule(before.get(place), one.get(place), other.get(place)) ?? []);
  for (const [place, rule] of before)
    if (!one.has(place) && !other.has(place)) assertWithdrawn(rule, before, one, other);
  return merged;
}

type Places = ReadonlyMap<string, ClassRule>;

function byPlace(rules: readonly ClassRule[]): Places {
  return new Map(rules.map((rule) => [placeOf(rule), rule]));
}

function mergeRule(
  before: ClassRule | undefined,
  one: ClassRule | undefined,
  other: ClassRule | undefined,
): ClassRule | undefined {
  const [was, first, second] = [before, one, other].map((rule) => rule && JSON.stringify(canonicalRule(rule)));
  if (first === second || second === was) return one;
  if (first === was) return other;
  if (before === undefined) return widerOf(one as ClassRule, other as ClassRule);
  if (other !== undefined && takeTheSame(before, other)) return onlyReworded(before, one, other);
  if (one !== undefined && takeTheSame(before, one)) return onlyReworded(before, other, one);
  // Each branch made it another rule, so that neither can only have widened what it had reviewed before.
  if (one !== undefined && other !== undefined) {
    if (takeTheSame(one, other)) return widerOf(one, other);
    if (takesIn(one, before) && takesIn(other, before)) return widerOf(one, other);
  }
  throw conflict(before, one, other);
}

/** A rule of which one branch changed no more than the evidence and the words is what the other made of it. */
function onlyReworded(before: ClassRule, made: ClassRule | undefined, reworded: ClassRule): ClassRule | undefined {
  return made !== undefined && takeTheSame(before, made) ? widerOf(made, reworded) : made;
}

/**
 * A rule that neither branch has any more: both withdrew it, or one withdrew it and the other put another class in its place, which
 * may take the same acts.
 */
function assertWithdrawn(rule: ClassRule, before: Places, one: Places, other: Places): void {
  const directory = directoryOf(rule);
  for (const [own, others] of [[one, other] as const, [other, one] as const])
    for (const [place, made] of own)
      if (!before.has(place) && !others.has(place) && directoryOf(made) === directory)
        throw conflict(rule, undefined, made, ` at ${made.at}`);
}

function directoryOf({ at, found }: ClassRule): string {
  return `${found ?? ""} ${found === undefined ? at.slice(0, at.lastIndexOf("/")) : at}`;
}

function conflict(
  before: ClassRule,
  one: ClassRule | undefined,
  other: ClassRule | undefined,
  where = "",
): IsolineError {
  const [first, second] = [one, other].map((rule) => (rule === undefined ? "deleted it" : `made it ${lineOf(rule)}`));
  return new IsolineError(
    "not-comparable",
    `both branches changed the rule for ${before.at}, ${lineOf(before)}: one ${first}, the other ${second}${where}; ` +
      "make the rule the same in both contours, or delete it in both, and merge again",
  );
}
