/** The figures of one machine as a page for readers: docs/performance/. */
import { wrapped } from "../../tools/wrapped.mjs";
import { rowsOf } from "./tables.mjs";

/** @param {import("./benchmarks.mjs").Results} results */
export function page(results) {
  const { processor, cores } = results.machine;
  return `${[
    `# Performance: ${processor}, ${cores} cores`,
    introduction(results),
    ...goals(results),
    ...results.benchmarks.flatMap(chapter),
    ...leftOut(results),
  ].join("\n\n")}\n`;
}

/** @param {import("./benchmarks.mjs").Results} results */
function introduction({ date, commit, quick, machine }) {
  const kind = machine.virtual ? "a virtual machine" : "a machine";
  const strace = machine.strace === undefined ? "" : `, strace ${machine.strace}`;
  return [
    wrapped(
      `Written by \`npm run bench -- --markdown FILE\`; do not edit. Measured ${date} at commit ${commit}, on ${kind} of ` +
        `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ` +
        `${machine.node}${strace}. The load was ${machine.load} when it began.`,
    ),
    "[How to read the figures](../performance.md#how-to-read-a-page-of-figures).",
    ...(quick ? ["**A quick run, to see that the benchmarks work: not for comparison.**"] : []),
  ].join("\n\n");
}

/** @param {import("./benchmarks.mjs").Results} results */
function goals({ benchmarks }) {
  const all = benchmarks.flatMap(({ comparisons }) => comparisons.flatMap((comparison) => comparison.goals));
  if (all.length === 0) return [];
  const rows = all.map(({ what, reach, measured, reached }) => [
    what,
    reach,
    measured,
    reached ? "reached" : "**missed**",
  ]);
  return ["## Goals", table([["what", "goal", "measured", ""], ...rows])];
}

/** @param {import("./benchmarks.mjs").Benchmark} benchmark */
function chapter({ name, title, method, comparisons }) {
  return [
    `## ${capitalised(title)}`,
    wrapped(`\`npm run bench -- --only ${name}\`. ${method}`),
    ...comparisons.flatMap((comparison) => [
      `### ${capitalised(comparison.what)}`,
      table(rowsOf(comparison)),
      ...comparison.notes.map((note) => wrapped(`${capitalised(note)}.`)),
    ]),
  ];
}

/** Names of programs keep their own form. */
const capitalised = (/** @type {string} */ text) =>
  /^(isoline|gcc|npm|git|sh|node)\b/.test(text) ? text : `${text[0]?.toUpperCase()}${text.slice(1)}`;

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
