/** Valid rules that a namespace cannot enforce: accepting them would promise what does not happen. */
import { PolicyRefusal } from "./parse.ts";
import type { Hook, ImaPolicy, Rule } from "./rule.ts";

/** Refuses a policy with such a rule, naming its line. `unshown` are hooks at which the sensor presents nothing. */
export function assertUpheld(policy: ImaPolicy, unshown: ReadonlySet<Hook>): void {
  for (const rule of policy.rules) {
    const why = notUpheld(rule, unshown);
    if (why !== undefined) throw new PolicyRefusal(rule.line, 1, `${why}; leave the rule out`);
  }
}

function notUpheld({ action, func, appraise_flag: flag }: Rule, unshown: ReadonlySet<Hook>): string | undefined {
  if (func !== undefined && unshown.has(func) && !action.startsWith("dont_"))
    return `the bpf sensor has no hook for ${func}`;
  if (action !== "appraise") return undefined;
  return flag === undefined ? undefined : "a namespace has no blacklist of digests to check";
}
