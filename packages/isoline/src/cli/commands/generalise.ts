/** `isoline generalise`: applies rules that the evidence speaks for. Each is a line of the policy, and deleting it undoes it. */
import type { ClassRule } from "@isoline/core/identity";
import * as contours from "../../library/contours.ts";
import { generalised, readLearnt, suggestRules, TARGET } from "../../library/generalise.ts";
import { saveEvidence } from "../../store/evidence-file.ts";
import { assertWritable } from "../../store/output.ts";
import { status } from "../ending.ts";
import { sayRestored, shareOf } from "../generalise/share.ts";
import { percent } from "../output/expectation.ts";
import { sayStaleSignature } from "../output/stale-signature.ts";
import { note } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface GeneraliseOptions {
  readonly target?: string;
  readonly rule?: readonly string[];
  readonly restore?: boolean;
  readonly output?: string;
  readonly quiet?: boolean;
}

export async function generalise(file: string, options: GeneraliseOptions): Promise<number> {
  const { target, rule: asked = [], restore = false, output = file, quiet = false } = options;
  if ([target !== undefined, asked.length > 0, restore].filter(Boolean).length > 1)
    throw usage("expected one of --target, --rule and --restore, got several");
  assertWritable(output);
  const learnt = await readLearnt(file);
  if (!quiet) sayRestored(learnt);
  const isNeeded = (asked.length === 0 && !restore) || asked.some((text) => !text.startsWith("{"));
  const found = isNeeded ? suggestRules(learnt, target === undefined ? TARGET : shareOf(target)) : undefined;
  const proposed = found?.suggestions.map(({ rule }) => rule) ?? [];
  const rules = asked.length === 0 ? proposed : asked.map((text) => ruleOf(text, proposed));
  const made = restore ? learnt : generalised(learnt, rules);
  const { removedSignature } = contours.write(output, made.contour);
  if (made.evidence !== undefined) saveEvidence(output, made.evidence);
  if (quiet) return status.success;
  if (removedSignature) sayStaleSignature(output);
  note(
    `${harmless(output)}: ${counted(rules.length, "rule")}; ${counted(learnt.contour.size, "point")} became ${made.contour.size}`,
  );
  for (const { at, because, accepts } of rules) note(`  ${at}: accepts ${accepts} (${because})`);
  if (found !== undefined && asked.length === 0) {
    const left = percent(found.suggestions.at(-1)?.departing ?? found.departing);
    note(
      `with them a run did something that no other had done in ${left} of the trials, from ${counted(found.runs, "run")}`,
    );
  }
  return status.success;
}

/** The number of a suggestion, or a rule in JSON. */
function ruleOf(text: string, proposed: readonly ClassRule[]): ClassRule {
  if (text.startsWith("{")) return parsed(text);
  const rule = /^\d{1,4}$/.test(text) ? proposed[Number(text) - 1] : undefined;
  if (rule !== undefined) return rule;
  const range = proposed.length === 0 ? "there are none" : `1 to ${proposed.length}`;
  throw usage(`expected a rule in JSON, or its number in isoline suggest (${range}), got ${JSON.stringify(text)}`);
}

function parsed(text: string): ClassRule {
  try {
    return JSON.parse(text) as ClassRule;
  } catch {
    throw usage(`expected a rule in JSON, got ${JSON.stringify(text.slice(0, 60))}`);
  }
}
