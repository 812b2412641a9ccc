/** The figures as a page for readers: docs/performance.md. */
import { reasons } from "./reasons.mjs";
import { rowsOf } from "./tables.mjs";

/** @param {import("./benchmarks.mjs").Results} results */
export function page(results) {
  return `${[
    "# Performance",
    introduction(results),
    "## What was promised",
    goalTable(results),
    reasons,
    ...results.benchmarks.flatMap(chapter),
    ...leftOut(results),
  ].join("\n\n")}\n`;
}

/** @param {import("./benchmarks.mjs").Results} results */
function introduction({ date, commit, quick, machine }) {
  const kind = machine.virtual ? "a virtual machine" : "a machine";
  const strace = machine.strace === undefined ? "" : `, strace ${machine.strace}`;
  const warning = quick ? "\n\n**A quick run, to see that the benchmarks work: not for comparison.**" : "";
  return `Written by \`npm run bench -- --markdown docs/performance.md\`; do not edit. Measured ${date}, commit ${commit}, on
${kind} of ${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}${strace}; load
when it began ${machine.load}.

Contenders take turns, round after round, in an order that turns around each time, so that whatever else the machine did met
all of them. Figures are medians with their quartiles. "× bare" is the ratio of the medians, beside it the quartiles of the
ratios of each round; "more than bare" is the median of the differences of each round. Compare ratios, not milliseconds: other machines differ,
and so does the same one an hour later.${warning}`;
}

/** @param {import("./benchmarks.mjs").Results} results */
function goalTable({ benchmarks }) {
  const goals = benchmarks.flatMap(({ comparisons }) => comparisons.flatMap((comparison) => comparison.goals));
  return table([
    ["what", "reach", "measured", ""],
    ...goals.map(({ what, reach, measured, reached }) => [what, reach, measured, reached ? "reached" : "**missed**"]),
  ]);
}

/** @param {import("./benchmarks.mjs").Benchmark} benchmark */
function chapter({ name, title, method, comparisons }) {
  return [
    `## ${title[0]?.toUpperCase()}${title.slice(1)}`,
    `\`npm run bench -- --only ${name}\`. ${method}`,
    ...comparisons.flatMap((comparison) => [
      `### ${comparison.what[0]?.toUpperCase()}${comparison.what.slice(1)}`,
      table(rowsOf(comparison)),
      ...comparison.notes.map((note) => `${note[0]?.toUpperCase()}${note.slice(1)}.`),
    ]),
  ];
}

/** @param {import("./benchmarks.mjs").Results} results */
function leftOut({ skipped, failed }) {
  const lines = [
    ...skipped.map(({ benchmark, what, why }) => `- ${benchmark}: ${what}: ${why}`),
    ...failed.map(({ benchmark, why }) => `- ${benchmark} failed: ${why.split("\n")[0]}`),
  ];
  return lines.length === 0 ? [] : ["## Not measured", lines.join("\n")];
}

/** @param {readonly (readonly string[])[]} rows the first is the head */
function table([head = [], ...rows]) {
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
