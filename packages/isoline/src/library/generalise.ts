/** Rules that would make a contour hold for more runs: proposed from the evidence beside it, applied, and taken back. */
import type { Contour } from "@isoline/core/contour";
import type { Evidence } from "@isoline/core/evidence";
import {
  actsOf,
  type Candidate,
  choose,
  cumulativeShares,
  type Learnt,
  policyOf,
  type Probed,
  Prober,
  type Restored,
  restored,
  type Tier,
  Trials,
  withRules,
} from "@isoline/core/generalise";
import { type ClassRule, parseRules } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { CliError } from "../error.ts";
import { loadContour } from "../store/contour-file.ts";
import { loadEvidence } from "../store/evidence-file.ts";

/** A rule that the evidence speaks for. */
export interface Suggestion {
  readonly rule: ClassRule;
  readonly tier: Tier;
  /** Names that were learnt there, a few of them. */
  readonly examples: readonly string[];
  /** Names that no run used, tried on the contour with all rules up to this one. */
  readonly probes: Probed;
  /** The share of runs that would do something that no other did, with this rule and those before it. */
  readonly departing: number;
}

export interface Suggestions {
  readonly runs: number;
  /** The share of runs that did something that no other did. */
  readonly departing: number;
  readonly target: number;
  /** Mildest first. Each rule was derived again for each run, from the other runs alone. */
  readonly suggestions: readonly Suggestion[];
}

/** The target where none is given. */
export const TARGET = 0.05;
const MOST_EXAMPLES = 5;

/**
 * Reads a contour and its evidence, and puts back what rules had replaced that are no longer in its policy.
 */
export async function readLearnt(file: string): Promise<Restored> {
  const contour = await loadContour(file, iso1);
  return restored({ contour, evidence: loadEvidence(file, contour) });
}

/** The mildest rules by which the share of departing runs comes down to the target, as far as the evidence goes. */
export function suggestRules({ contour, evidence }: Learnt, target: number = TARGET): Suggestions {
  const { choice, acts, trials } = chosen(contour, evidence, target);
  const shares = cumulativeShares(choice, trials);
  const known = policyOf(contour).classes;
  const prober = new Prober(acts, [...known, ...choice.rules.map(({ rule }) => rule)]);
  const suggestions = choice.rules.map((candidate, at) => ({
    rule: candidate.rule,
    tier: candidate.tier,
    examples: examplesOf(candidate),
    probes: prober.probe(known.length + at),
    departing: shares[at] as number,
  }));
  return { runs: trials.runs, departing: choice.before, target, suggestions };
}

/** Applies rules to a contour, in addition to those that it has. */
export function generalised(learnt: Learnt, rules: readonly ClassRule[]): Learnt {
  return withRules(learnt, parseRules([...policyOf(learnt.contour).classes, ...rules]));
}

function chosen(contour: Contour, evidence: Evidence | undefined, target: number) {
  const runs = evidence?.runs.length ?? 0;
  if (evidence === undefined || runs < 2) {
    throw new CliError(
      "no-evidence",
      `expected evidence of at least two runs beside the contour, got ${runs === 1 ? "one" : "none"}; learn with --merge`,
    );
  }
  const trials = new Trials(evidence);
  const acts = actsOf(contour, evidence, trials);
  return { acts, trials, choice: choose(acts, trials, target) };
}

function examplesOf({ names }: Candidate): string[] {
  return [...names.keys()].toSorted().slice(0, MOST_EXAMPLES);
}
