/** What one contour does that another does not, where rules were made of what one of them learnt. */
import { type AnyContour, type Contour, type ContourDiff, diffContours, type RuleLine } from "@isoline/core/contour";
import { canonicalRule, type ClassRule } from "@isoline/core/identity";
import { type Exchange, iso1 } from "@isoline/core/profile";
import { rulesIn, underRules, withoutRules } from "./common-rules.ts";

/**
 * Contours whose policies differ only in their class rules are compared under the rules of both: what a rule of one of them takes is
 * the same act in the other, and the rule itself is the difference.
 */
export function difference(a: AnyContour, b: AnyContour): ContourDiff {
  const [one, other] = [a, b] as unknown as [Contour, Contour];
  const rules = isIso1(a) && isIso1(b) ? differing(one, other) : undefined;
  if (rules === undefined) return diffContours(readable(a), readable(b));
  const found = diffContours(underRules(one, rules.all), underRules(other, rules.all));
  return { ...found, equal: false, rules: { onlyA: rules.onlyA.map(told), onlyB: rules.onlyB.map(told) } };
}

interface Differing {
  readonly onlyA: readonly ClassRule[];
  readonly onlyB: readonly ClassRule[];
  /** Those of the second contour, and those of the first about other places. */
  readonly all: readonly ClassRule[];
}

/** Undefined where the rules are the same, or are not all that differs. */
function differing(a: Contour, b: Contour): Differing | undefined {
  if (a.policy === b.policy || withoutRules(a.policy) !== withoutRules(b.policy)) return undefined;
  const [rulesA, rulesB] = [rulesIn(a.policy), rulesIn(b.policy)];
  const [linesA, linesB] = [new Set(rulesA.map(lineOf)), new Set(rulesB.map(lineOf))];
  const placesB = new Set(rulesB.map(placeOf));
  return {
    onlyA: rulesA.filter((rule) => !linesB.has(lineOf(rule))),
    onlyB: rulesB.filter((rule) => !linesA.has(lineOf(rule))),
    all: [...rulesA.filter((rule) => !placesB.has(placeOf(rule))), ...rulesB],
  };
}

function told({ at, found, by, ...rest }: ClassRule): RuleLine {
  return { ...rest, at: found === undefined ? at : `${at}, whatever was found there`, by: by ?? [] };
}

const lineOf = (rule: ClassRule): string => JSON.stringify(canonicalRule(rule));
const placeOf = ({ at, found }: ClassRule): string => `${found ?? ""} ${at}`;
const isIso1 = ({ profile }: AnyContour): boolean => profile.name === iso1.name;

/** As a contour of any profile, whose events are only read: two are compared only if they are of one profile. */
function readable(contour: AnyContour): Contour<Exchange> {
  return contour as unknown as Contour<Exchange>;
}
