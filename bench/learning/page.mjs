/** The page docs/learning.md, made from the evaluation. */
import { findings, remedy } from "./findings.mjs";
import { wrapped } from "../../tools/wrapped.mjs";

/** @typedef {import("./evaluate.mjs").Result} Result */

const INTRODUCTION = `# How well a contour holds for runs that it has not seen

<!-- Made by \`npm run learning -- evaluate --markdown docs/learning.md\`. Change bench/learning, not this page. -->

Real work varies: other pages are asked for, other files are edited, a cache is warm. \`isoline confidence app.contour\` says which share of
further runs is expected to depart, and at most how many. This page holds these predictions against runs that were not learnt from.

## How the estimate is made

- **By run, and never by point.** Points come in bundles: one new file is a dozen of them. A run that did something no other run did would
  have departed from the contour that all others make. The share of such runs is the expected share, and the exact binomial bound of
  Clopper and Pearson, on one side, says how far it may be wrong. None of n gives about 3 / n: 29 runs for 10 %, 59 for 5 %.
- **Runs from a clean start count most.** Where a run finds what earlier runs left, runs depend on each other: a file that one run leaves
  and all later runs read is new only once. If less than half of the runs began from a clean start, the estimate is also made by
  halves: which runs of the later half did something that no run of the earlier half had done. The greater estimate counts.
- **Incomplete runs do not count**, because what they did not show could be anything. What they did is on the contour.

The estimate is about runs of the same kind. It says nothing about a run that an attacker has changed, nor about the day on which the
workload itself changes.

## Predicted and observed

Each workload draws what it does. Some begin anew each time (*clean*), some find what the run before left (*kept*). Each run was recorded
once, as the set of its acts. The contour is made of the first runs; the later ones are held out, in the order in which they ran.

- **new**: how many of the learnt runs did something new, of those that the estimate rests on. An asterisk: counted by halves.
- **expected**, **bound**: the share of further runs that will depart, and the share that is not exceeded at 95 %.
- **observed**: the share of the held-out runs that departed.
- **windows**: the same from other runs on; how often the bound held, and by how much the expected share was wrong on the average.
`;

const COARSE = `Most of these shares are near 100 %, where an estimate has little to get wrong. So the same runs are looked at once more with acts that
differ only by numbers, hexadecimal digits, modes and contents taken for one. No contour is learnt so; it shows whether the estimate also holds
for smaller shares.`;

const COMMAND = `\`npm run learning -- record\` records again, and \`npm run learning -- evaluate\` makes this page of what is recorded:
[bench/learning](../bench/learning/README.md).`;

/** The whole page. @param {readonly Result[]} results */
export function page(results) {
  const chapters = [
    INTRODUCTION,
    table(results),
    summary(results),
    COMMAND,
    "## The same with coarser acts",
    COARSE,
    coarseTable(results),
    "## The workloads",
    results.map(({ name, says, keeps }) => item(`**${name}** (${keeps ? "kept" : "clean"}): ${says}.`)).join("\n"),
    "## How the share falls with runs",
    "The share of the same held-out runs that depart from a contour of fewer runs.",
    curve(results),
    "## Why runs depart",
    "The runs among those learnt that did something new for this cause, by the estimate's own account. One run may have several.",
    causes(results),
    "## Where it fails, and why",
    findings.map(item).join("\n"),
    remedy,
  ];
  return `${chapters.map((chapter) => (isText(chapter) ? wrapped(chapter, 138) : chapter).trim()).join("\n\n")}\n`;
}

/** @param {string} text */
const item = (text) => `- ${wrapped(text.replaceAll("\n", " "), 130).replaceAll("\n", "\n  ")}`;

/** @param {string} chapter */
const isText = (chapter) => !/^[#|<-]/m.test(chapter);

/** @param {readonly Result[]} results */
export function table(results) {
  return rows(
    ["workload", "start", "learnt", "points", "new", "expected", "bound", "observed", "held", "windows"],
    results.map((result) => {
      const { estimate } = result.confidence;
      const observed = result.departed / result.held;
      const { windows } = result;
      return [
        result.name,
        result.keeps ? "kept" : "clean",
        String(result.learnt),
        String(result.points),
        `${estimate.departing} of ${estimate.trials}${estimate.way === "by halves" ? "*" : ""}`,
        percent(estimate.expected),
        percent(estimate.bound),
        `${percent(observed)} (${result.departed} of ${result.held})`,
        observed <= estimate.bound ? "yes" : "**no**",
        windows.count === 0 ? "–" : `${windows.held} of ${windows.count}, ±${percent(windows.error)}`,
      ];
    }),
  );
}

/** @param {readonly Result[]} results */
function coarseTable(results) {
  return rows(
    ["workload", "new", "expected", "bound", "observed", "held", "windows"],
    results.map(({ name, held, coarse: { estimate, departed, windows } }) => [
      name,
      `${estimate.departing} of ${estimate.trials}${estimate.way === "by halves" ? "*" : ""}`,
      percent(estimate.expected),
      percent(estimate.bound),
      `${percent(departed / held)} (${departed} of ${held})`,
      departed / held <= estimate.bound ? "yes" : "**no**",
      `${windows.held} of ${windows.count}, ±${percent(windows.error)}`,
    ]),
  );
}

/** @param {readonly Result[]} results */
function summary(results) {
  const held = results.filter(({ departed, held, confidence }) => departed / held <= confidence.estimate.bound).length;
  const slid = results.filter(({ windows }) => windows.count > 0);
  const mean = (/** @type {(result: Result) => number} */ of) =>
    slid.reduce((sum, each) => sum + of(each), 0) / slid.length;
  const all = slid.reduce((sum, { windows }) => sum + windows.count, 0);
  const good = slid.reduce((sum, { windows }) => sum + windows.held, 0);
  const error = results.map(({ departed, held, confidence }) =>
    Math.abs(departed / held - confidence.estimate.expected),
  );
  return `The bound held for ${held} of ${results.length} workloads, and in ${good} of ${all} windows. The expected share was wrong by
${percent(error.reduce((sum, each) => sum + each, 0) / error.length)} on the average, over windows by ${percent(mean(({ windows }) => windows.error))}; by
what no other run did, without looking at halves, it would have been ${percent(mean(({ windows }) => windows.alone))}.`;
}

/** @param {readonly Result[]} results */
function curve(results) {
  const runs = [...new Set(results.flatMap(({ curve }) => curve.map(({ runs }) => runs)))].sort((a, b) => a - b);
  return rows(
    ["workload", ...runs.map((count) => `${count} run${count === 1 ? "" : "s"}`)],
    results.map(({ name, curve }) => [
      name,
      ...runs.map((count) => {
        const found = curve.find((each) => each.runs === count);
        return found === undefined ? "–" : percent(found.share);
      }),
    ]),
  );
}

/** @param {readonly Result[]} results */
function causes(results) {
  const names = /** @type {const} */ (["names", "state", "programs", "content", "acts"]);
  return rows(
    ["workload", ...names, "programs with most"],
    results.map(({ name, confidence }) => [
      name,
      ...names.map((cause) => {
        const found = confidence.causes.find((each) => each.cause === cause);
        return found === undefined ? "" : `${found.runs} of ${confidence.estimate.trials}`;
      }),
      confidence.programs
        .slice(0, 3)
        .map(({ program, runs }) => `\`${program}\` ${runs}`)
        .join(", "),
    ]),
  );
}

/** @param {readonly string[]} heading @param {readonly (readonly string[])[]} lines */
function rows(heading, lines) {
  return [heading, heading.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** @param {number} share */
const percent = (share) => `${Math.round(share * 100)} %`;
