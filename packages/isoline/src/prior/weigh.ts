/** What learning makes of a prior: rules that some act needs are confirmed, and those that many runs did not need are removed. */
import type { Permits } from "../export/permits.ts";
import { comparePrior } from "./compare.ts";
import type { KeptPrior, PriorRule } from "./file.ts";
import type { Prior } from "./rule.ts";

/** None of 29 runs: at most 10 % of further ones, at 95 % (0.9^29 < 0.05). */
export const MISSED_TO_REMOVE = 29;

export interface Weighed {
  readonly prior: KeptPrior;
  /** What the contour permits and no rule does, one line each. */
  readonly lacking: readonly string[];
}

/** `permits`: what the contour does. `completed`: how many complete runs have been learnt since it was last weighed. */
export function weighPrior(prior: KeptPrior, permits: Permits, completed: number): Weighed {
  const rules = prior.rules.map(({ rule }) => rule);
  const { confirmed, lacking } = comparePrior({ rules, unread: [] }, permits);
  const needed = new Set(confirmed);
  return {
    prior: { ...prior, rules: prior.rules.map((each) => weighed(each, needed.has(each.rule), completed)) },
    lacking,
  };
}

/** A profile as it was read: nothing is confirmed yet. */
export function asPrior({ rules, unread }: Prior, from: string, profile: string): KeptPrior {
  return {
    from,
    profile,
    unread: unread.length,
    rules: rules.map((rule) => ({ rule, state: "open", missed: 0 })),
  };
}

/** A rule that was removed comes back when an act needs it. */
function weighed({ rule, missed }: PriorRule, isNeeded: boolean, completed: number): PriorRule {
  if (isNeeded) return { rule, state: "confirmed", missed: 0 };
  const now = missed + completed;
  return { rule, state: now >= MISSED_TO_REMOVE ? "removed" : "open", missed: now };
}
