/**
 * The class rules that two branches of a history have made of one list. What one branch withdrew or narrowed never comes back because
 * the other wrote the same rule in other words; where the other changed what the rule takes, or by another rule takes acts of it, that is a
 * conflict for a person.
 */
import { IsolineError } from "../../error.ts";
import { lineOf, placeOf, takesIn, takeTheSame, widerOf } from "./combine.ts";
import { beyond, mayMeet } from "./overlap.ts";
import { type ClassRule, canonicalRule } from "./rule.ts";

/** More rules of a branch are counted. */
const MOST_SHOWN = 3;

/** Every rule that stays, those of `ours` first; throws `not-comparable` where the branches made of one rule what cannot be one. */
export function rulesOfBranches(
  origin: readonly ClassRule[],
  ours: readonly ClassRule[],
  theirs: readonly ClassRule[],
): ClassRule[] {
  const [before, one, other] = [origin, ours, theirs].map(byPlace) as [Places, Places, Places];
  const places = [...new Set([...one.keys(), ...other.keys()])];
  const merged = places.flatMap((place) => mergeRule(before.get(place), one.get(place), other.get(place)) ?? []);
  assertWithdrawn(before, one, other);
  assertWithdrawn(before, other, one);
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
 * What one branch no longer takes must not come back by a rule of the other for another place: that one may be new, and it may take more
 * than it did. Each branch was reviewed without what the other did.
 */
function assertWithdrawn(before: Places, own: Places, other: Places): void {
  const gained = gainedBy(other, before).flatMap((part) => beyond(part, own.get(placeOf(part))));
  if (gained.length === 0) return;
  for (const [place, rule] of before)
    for (const part of beyond(rule, own.get(place)))
      if (elsewhere(part, gained).length > 0) throw comesBack(rule, part, before, own, other);
}

/** What a branch takes by its rules that the origin did not take by the rules for the same places. */
function gainedBy(branch: Places, before: Places): ClassRule[] {
  return [...branch].flatMap(([place, rule]) => beyond(rule, before.get(place)));
}

function elsewhere(part: ClassRule, gained: readonly ClassRule[]): ClassRule[] {
  return gained.filter((each) => placeOf(each) !== placeOf(part) && mayMeet(part, each));
}

function comesBack(rule: ClassRule, part: ClassRule, before: Places, own: Places, other: Places): IsolineError {
  const [first, second] = [own, other].map((branch) => {
    const there = new Set(elsewhere(part, gainedBy(branch, before)).map(placeOf));
    const said = [...there]
      .map((place) => branch.get(place) as ClassRule)
      .map((each) => `${lineOf(each)} at ${each.at}`);
    const shown = said.length > MOST_SHOWN ? [...said.slice(0, MOST_SHOWN), `${said.length - MOST_SHOWN} more`] : said;
    return `${deedOf(rule, branch.get(placeOf(rule)))} and has ${shown.join(" and ") || "no other"} for them`;
  });
  return new IsolineError(
    "not-comparable",
    `the branches differ in what takes the acts of the rule for ${rule.at}, ${lineOf(rule)}: one ${first}, the other ${second}; ` +
      "make the rules for these places the same in both contours, and merge again",
  );
}

function deedOf(before: ClassRule, made: ClassRule | undefined): string {
  if (made === undefined) return "deleted it";
  return takeTheSame(before, made) ? "kept it" : `made it ${lineOf(made)}`;
}

function conflict(before: ClassRule, one: ClassRule | undefined, other: ClassRule | undefined): IsolineError {
  return new IsolineError(
    "not-comparable",
    `both branches changed the rule for ${before.at}, ${lineOf(before)}: one ${deedOf(before, one)}, ` +
      `the other ${deedOf(before, other)}; make the rule the same in both contours, or delete it in both, and merge again`,
  );
}
