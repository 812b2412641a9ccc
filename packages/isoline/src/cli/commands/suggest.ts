/** `isoline suggest`: rules by which a contour would hold for more runs, mildest first. Nothing is changed. */
import { readLearnt, type Suggestion, type Suggestions, suggestRules, TARGET } from "../../library/generalise.ts";
import { status } from "../ending.ts";
import { shareOf, sayRestored } from "../generalise/share.ts";
import { percent } from "../output/expectation.ts";
import { paint } from "../output/paint.ts";
import { printJson, printLine } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";

export interface SuggestOptions {
  readonly target?: string;
  readonly json?: boolean;
}

export async function suggest(file: string, { target, json }: SuggestOptions): Promise<number> {
  const learnt = await readLearnt(file);
  if (!json) sayRestored(learnt);
  const found = suggestRules(learnt, target === undefined ? TARGET : shareOf(target));
  if (json) printJson({ isoline: 1, ...found });
  else for (const line of page(found)) printLine(line);
  return status.success;
}

function page({ runs, departing, target, suggestions }: Suggestions): string[] {
  const last = suggestions.at(-1)?.departing ?? departing;
  const reach =
    last <= target ? "" : `; the target of ${percent(target)} needs more runs, or exact review of what is left`;
  return [
    `a run did something that no other had done in ${percent(departing)} of the trials, from ${counted(runs, "run")}`,
    suggestions.length === 0
      ? "no rule would change that"
      : `with ${counted(suggestions.length, "rule")}, in ${percent(last)}${reach}`,
    ...suggestions.flatMap((suggestion, at) => ["", ...lines(suggestion, at + 1)]),
  ];
}

function lines({ rule, tier, examples, probes, departing }: Suggestion, number: number): string[] {
  const who = rule.by === undefined ? "every program" : rule.by.map(harmless).join(", ");
  const tried = Object.entries(probes).filter(([, { tried }]) => tried > 0);
  return [
    `${number}. ${paint("bold", harmless(rule.at))}  ${rule.found ? "what was found there does not count" : tier}`,
    `   because    ${harmless(rule.because)}`,
    `   accepts    ${harmless(rule.accepts)}`,
    `   by         ${who}`,
    `   acts       ${rule.of.join(", ")}; replaces ${rule.replaces}`,
    ...(examples.length > 0 ? [`   for one    ${examples.map(harmless).join("  ")}`] : []),
    ...(rule.but ? [`   never      ${rule.but.map(harmless).join("  ")}`] : []),
    ...(tried.length > 0
      ? [`   tried      ${tried.map(([kind, { tried, accepted }]) => `${kind} ${accepted}/${tried}`).join(", ")}`]
      : []),
    `   then       in ${percent(departing)} of the trials a run does something that no other had done`,
  ];
}
