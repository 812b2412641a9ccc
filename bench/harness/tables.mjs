/** The figures as tables on a terminal. */
import { written } from "./comparison.mjs";

/** @param {import("./benchmarks.mjs").Benchmark} benchmark */
export function showBenchmark({ name, title, seconds, comparisons }) {
  console.log(`\n${name}: ${title} (${seconds} s)`);
  for (const comparison of comparisons) showComparison(comparison);
}

/** @param {import("./comparison.mjs").Comparison} comparison */
function showComparison(comparison) {
  console.log(`\n  ${comparison.what}`);
  for (const line of aligned(rowsOf(comparison))) console.log(`    ${line}`);
  for (const note of comparison.notes) console.log(`    ${note}`);
}

/**
 * @param {import("./comparison.mjs").Comparison} comparison
 * @returns {string[][]} the first row is the head
 */
export function rowsOf({ unit, against, tell, contenders }) {
  const compared =
    against === undefined
      ? []
      : tell === "ratio"
        ? [`× ${against}`, "quartiles"]
        : [`more than ${against}`, "quartiles"];
  const head = ["", `median, ${unit}`, "quartiles", "rounds", ...compared];
  return [head, ...contenders.map((contender) => rowOf(contender, against !== undefined, tell))];
}

/** @param {import("./comparison.mjs").Contender} contender @param {boolean} isCompared @param {"ratio" | "difference"} tell */
function rowOf({ name, median, quartiles, figures, against }, isCompared, tell) {
  const own = [name, written(median), span(quartiles), String(figures.length)];
  if (!isCompared) return own;
  if (against === undefined) return [...own, "", ""];
  const { ratio, ratios, differences } = against;
  return tell === "ratio"
    ? [...own, written(ratio), span(ratios.quartiles)]
    : [...own, written(differences.median), span(differences.quartiles)];
}

/** @param {readonly [number, number]} quartiles */
const span = ([low, high]) => `${written(low)} – ${written(high)}`;

/** @param {readonly (readonly string[])[]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** The goals, and what was not measured. @param {import("./benchmarks.mjs").Results} results */
export function showGoals({ benchmarks, skipped, failed }) {
  const goals = benchmarks.flatMap(({ comparisons }) => comparisons.flatMap((comparison) => comparison.goals));
  const rows = goals.map(({ what, reach, measured, reached }) => [
    what,
    reach,
    measured,
    reached ? "reached" : "missed",
  ]);
  if (rows.length > 0) console.log(`\n${aligned([["goal", "", "measured", ""], ...rows]).join("\n")}`);
  for (const { benchmark, what, why } of skipped) console.log(`skipped: ${benchmark}: ${what} (${why})`);
  for (const { benchmark, why } of failed) console.log(`FAILED: ${benchmark}: ${why}`);
}
