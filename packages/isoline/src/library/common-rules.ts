/** Contours whose policies differ only in their class rules, under the rules of all of them. */
import type { AnyContour, Contour } from "@isoline/core/contour";
import type { Evidence } from "@isoline/core/evidence";
import { type Learnt, withRules } from "@isoline/core/generalise";
import { type ClassRule, combinedRules, parseRules } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";

/** A contour of any profile, with the evidence beside it. */
export interface Known {
  readonly contour: AnyContour;
  readonly evidence: Evidence | undefined;
}

/**
 * What one of them learnt by its name is one of the class that another has a rule for. Others are given back as they are. Throws
 * `not-comparable` where two rules about one place cannot be one.
 */
export function underCommonRules(all: readonly Known[]): readonly Known[] {
  if (!all.every(({ contour }) => contour.profile.name === iso1.name)) return all;
  const policies = all.map(({ contour }) => contour.policy);
  if (new Set(policies).size < 2 || new Set(policies.map(withoutRules)).size > 1) return all;
  const rules = combinedRules(policies.flatMap(rulesIn));
  return all.map((known) => withRules(known as Learnt, rules) as Known);
}

/** The class rules of a policy line. */
export function rulesIn(policy: string): ClassRule[] {
  return parseRules(membersOf(policy)["classes"]);
}

/** A policy line without its class rules. */
export function withoutRules(policy: string): string {
  const { classes: _classes, ...rest } = membersOf(policy);
  return JSON.stringify(rest);
}

/** The same behaviour under these rules, in place of those that the contour has. */
export function underRules(contour: Contour, rules: readonly ClassRule[]): Contour {
  return withRules({ contour, evidence: undefined }, rules).contour;
}

function membersOf(policy: string): Readonly<Record<string, unknown>> {
  return JSON.parse(policy) as Readonly<Record<string, unknown>>;
}
