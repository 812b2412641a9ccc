/** `isoline namespace policy`: gives a namespace that was begun at the agent its IMA policy, once. */
import { status } from "../../ending.ts";
import { note, printJson } from "../../output/streams.ts";
import { counted } from "../../output/wording.ts";
import { type AskedOptions, asked } from "./asked.ts";
import { policyIn } from "./begin.ts";
import { named } from "./show.ts";

export async function namespacePolicy(file: string, name: string | undefined, options: AskedOptions): Promise<number> {
  const answer = await asked(options, { ask: "policy", policy: policyIn(file), ...named(name) });
  const { rules } = answer as { readonly rules: number };
  if (options.json) printJson({ isoline: 1, rules });
  else note(`${counted(rules, "rule")}; sealed`);
  return status.success;
}
