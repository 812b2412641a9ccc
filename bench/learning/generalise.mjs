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
 * @property {readonly string[]} presets that it was learnt with
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
function generaliseOne({ name, keeps, presets = [] }, runs, count, target) {
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
    presets,
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
and the like; sensitive ones are keys, hooks, start-up files and configuration, and, to be written, what build tools run. Other endings and other places are tried as well: accepted
were ${sum(results, "another ending")} and ${sum(results, "another place")}.`,
    `## Why the rest departs

- **A program that was never seen to do it** (git, shell at work, text conversion). In sixteen hours of git no merge had ever met a conflict,
and no checkout had replaced a file; a person at a shell draws eight of eighteen commands, each with one of fourteen files, and \`find\` had
not yet met a repository. A class covers names, and never who acts.
- **What would close that, and why it is not done.** Both were recorded once more: git 28 %, shell at work 53 %. Of the 11 runs of git, 9
replaced a file by a git command that had not replaced one before, and 4 of these started git's own collection (a program is never one of a
class). Of the 21 of the shell, \`mv\` moved a file of a directory for the first time in 9, git read a file that it had not read before in 7, \`rm\` and
\`find\` did theirs for the first time in 5. A rule that takes one program, or one command of git, for another would take in most of the first, and
would let \`mv\`, told by anyone, do what \`sed\` was seen to do: that an act stays one of its actor is promised. So it takes more runs, and
\`confidence\` says so beforehand (expected 50 %). With 24 learnt runs of these recordings 25 % of the rest depart, for both; with 32, 8 %, for both.
- **What depends on the time between runs** (editor). vim reads the time zone when what it undoes is older than a hundred seconds. The
learnt runs followed each other too fast for that.
- **A guarded name** (npm). \`rm -r\` removes the \`package.json\` of one more package. What build tools run stays as it was learnt, also
to be removed: under a preset to remove and to replace is one act.
- **Without a preset**: a program that the workload builds has other content each time, and no class covers what is executed. What git keeps
in a repository depends on all that was done before. ${presetsOf(results)} were learnt with presets, as one who uses them would.
- Other [places that no rule reaches](lens.md#what-no-class-reaches).`,
  ];
  return `${chapters
    .flatMap((chapter) => chapter.trim().split("\n\n"))
    .map(laidOut)
    .join("\n\n")}\n`;
}

/** @param {readonly Generalised[]} results */
function presetsOf(results) {
  const named = results.filter(({ presets }) => presets.length > 0);
  return named.map(({ name, presets }) => `${name} (${presets.join(", ")})`).join(", ");
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
