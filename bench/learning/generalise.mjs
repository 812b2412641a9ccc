/**
 * Derives rules from the first recorded runs of a workload, applies them, and counts which of the later runs still depart, and what
 * the rules accept that was not learnt.
 */
import { actsOf, choose, policyOf, probeKinds, Prober, Trials, withRules } from "@isoline/core/generalise";
import { Classes, namePath } from "@isoline/core/identity";
import { iso1Point } from "@isoline/core/profile";
import { wrapped } from "../../tools/wrapped.mjs";
import { learnt, loadRuns } from "./recordings.mjs";

/** @typedef {import("./workloads/script.mjs").Varying} Varying */
/** @typedef {import("@isoline/core/contour").Contour} Contour */
/** @typedef {import("@isoline/core/generalise").Probed} Probed */

/**
 * @typedef {object} Generalised
 * @property {string} name
 * @property {number} points
 * @property {number} after points with the rules
 * @property {readonly string[]} tiers one for each rule
 * @property {number} expected share of runs that depart, by the evidence alone
 * @property {number} before of the held-out runs, those that depart without rules
 * @property {number} departed of the held-out runs
 * @property {number} held
 * @property {Record<string, { tried: number, accepted: number }>} probes
 */

/** @param {readonly Varying[]} workloads @param {string} place @param {number} count @param {number} target @returns {Generalised[]} */
export function generalise(workloads, place, count, target) {
  return workloads.flatMap((workload) => {
    const runs = loadRuns(place, workload.name);
    return runs.length > count ? [generaliseOne(workload, runs, count, target)] : [];
  });
}

/** @param {Varying} workload @param {readonly Contour[]} runs @param {number} count @param {number} target @returns {Generalised} */
function generaliseOne({ name, keeps }, runs, count, target) {
  const before = learnt(runs.slice(0, count), keeps ? "unknown" : "clean");
  const trials = new Trials(before.evidence);
  const acts = actsOf(before.contour, before.evidence, trials);
  const choice = choose(acts, trials, target);
  const rules = choice.rules.map(({ rule }) => rule);
  const prober = new Prober(acts, rules);
  const after = withRules(before, rules).contour;
  const later = runs.slice(count);
  return {
    name,
    points: before.contour.size,
    after: after.size,
    tiers: choice.rules.map(({ tier }) => tier),
    expected: choice.after,
    before: later.filter((run) => departs(run, before.contour)).length,
    departed: later.filter((run) => departs(run, after)).length,
    held: later.length,
    probes: summed(rules.map((_, at) => prober.probe(at))),
  };
}

/** Whether a run did something that is off a contour, under the rules of that contour. @param {Contour} run @param {Contour} contour */
function departs(run, contour) {
  const classes = new Classes(policyOf(contour).classes);
  for (let index = 0; index < run.size; index++) {
    const event = run.event(index);
    if (classes.overlooks(event)) continue;
    const classed = classes.of(event, () => namePath(run.taskChain(event.actor.task))).event;
    if (contour.indexOfPoint(iso1Point(classed)) < 0) return true;
  }
  return false;
}

/** @param {readonly Probed[]} all @returns {Generalised["probes"]} */
function summed(all) {
  return Object.fromEntries(
    probeKinds.map((kind) => [
      kind,
      {
        tried: all.reduce((sum, probed) => sum + probed[kind].tried, 0),
        accepted: all.reduce((sum, probed) => sum + probed[kind].accepted, 0),
      },
    ]),
  );
}

/** @param {readonly Generalised[]} results @param {number} count @param {number} target */
export function generalisedPage(results, count, target) {
  const well = results.filter(({ departed, held }) => departed <= held * 0.05).length;
  const fairly = results.filter(({ departed, held }) => departed > held * 0.05 && departed <= held * 0.25).length;
  const chapters = [
    `# How well a generalised contour holds

<!-- Made by \`npm run learning -- generalise --markdown docs/generalise.md\`. Change bench/learning, not this page. -->

\`isoline suggest\` proposes [class rules](lens.md#class-rules) from the evidence of a contour's runs, and \`isoline generalise\` applies them. This
page holds generalised contours against runs that were not learnt from: ${count} runs are learnt, rules are chosen for a target of ${percent(target)}, and
the runs that follow are checked.`,
    rows(results),
    `At most 5 % of the held-out runs depart for ${well} of ${results.length} workloads, at most 25 % for ${fairly} more.

- **rules**: how many, by mechanism.
- **expected**: the share that the evidence alone says will depart, each rule derived again without the run in question.
- **same ending**, **odd**, **sensitive**: names that no run used, tried in the place of names that one did. Odd names have spaces, controls, \`..\`
and the like; sensitive ones are keys, hooks, start-up files and configuration. Other endings and other places are tried as well: accepted
were ${sum(results, "another ending")} and ${sum(results, "another place")}.`,
    `## Why the rest departs

- A program that the workload builds has other content each time. No class covers what is executed.
- A program that was never run, or that was never seen to use names of a kind. A class covers names and never who acts.
- Names in home that begin with a dot, and other [places that no rule reaches](lens.md#what-no-class-reaches).`,
  ];
  return `${chapters
    .flatMap((chapter) => chapter.trim().split("\n\n"))
    .map(laidOut)
    .join("\n\n")}\n`;
}

/** Wraps a paragraph, or each item of a list. Headings, tables and remarks stay as they are. @param {string} block */
function laidOut(block) {
  if (/^(?:#|\||<!--)/.test(block)) return block;
  if (!block.startsWith("- ")) return wrapped(block, 138);
  return block
    .split(/\n(?=- )/)
    .map((item) => wrapped(item, 136).replaceAll("\n", "\n  "))
    .join("\n");
}

/** @param {readonly Generalised[]} results @param {string} kind */
function sum(results, kind) {
  const of = (/** @type {"tried" | "accepted"} */ key) =>
    results.reduce((all, { probes }) => all + (probes[kind]?.[key] ?? 0), 0);
  return `${of("accepted")} of ${of("tried")}`;
}

/** @param {readonly Generalised[]} results */
export function rows(results) {
  const heading = ["workload", "points", "rules", "expected", "before", "after", "same ending", "odd", "sensitive"];
  const lines = results.map(({ name, points, after, tiers, expected, before, departed, held, probes }) => [
    name,
    `${points} → ${after}`,
    tiersText(tiers),
    percent(expected),
    percent(before / held),
    `${percent(departed / held)} (${departed} of ${held})`,
    ...["same ending", "odd name", "sensitive"].map((kind) => `${probes[kind]?.accepted} of ${probes[kind]?.tried}`),
  ]);
  return [heading, heading.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** @param {readonly string[]} tiers */
function tiersText(tiers) {
  const counts = new Map();
  for (const tier of tiers) counts.set(tier, (counts.get(tier) ?? 0) + 1);
  return [...counts].map(([tier, count]) => `${count} ${tier}`).join(", ") || "none";
}

/** @param {number} share */
const percent = (share) => `${Math.round(share * 100)} %`;
