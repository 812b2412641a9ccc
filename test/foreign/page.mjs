/** The results, as the tables of docs/foreign-tests.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { wrapped } from "../../tools/wrapped.mjs";
import { isFailure, namedDifferences } from "./comparison.mjs";

/**
 * @typedef {import("./comparison.mjs").Comparison & { name: string }} PartResult
 * @typedef {{ what: string, as: string, sides: readonly string[], parts: readonly PartResult[] }} SuiteResult
 */

const page = new URL("../../docs/foreign-tests.md", import.meta.url);
const BEGIN = "<!-- results: node test/foreign/run.mjs --write -->";
const END = "<!-- end of results -->";

/** @param {Record<string, SuiteResult>} results */
export function writePage(results) {
  const text = readFileSync(page, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const [, after = ""] = rest.split(END);
  const suites = Object.values(results);
  const reasons = table(
    ["why", "reason"],
    namedDifferences.map(({ name, reason }) => [`\`${name}\``, reason]),
  );
  const tables = [summary(suites), reasons, ...suites.map(details)].join("\n\n");
  writeFileSync(page, `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`);
}

/** @param {readonly SuiteResult[]} suites */
function summary(suites) {
  const rows = suites.map(({ what, as, sides, parts }) => {
    const sum = (/** @type {(part: PartResult) => number} */ of) => parts.reduce((total, part) => total + of(part), 0);
    const differing = parts.filter(({ differences }) => differences.length > 0);
    const named = [
      ...new Set(differing.flatMap(({ differences }) => differences.map(({ name }) => name ?? "**without a name**"))),
    ];
    return [
      what,
      as,
      sides.join(", "),
      parts.length,
      sum(({ tests }) => tests),
      sum(({ failedOutside }) => failedOutside),
      sum(failedInside),
      sum(({ skipped }) => skipped),
      differing.length,
      named.join(", ") || "–",
    ];
  });
  return table(
    [
      "what",
      "run by",
      "inside",
      "parts",
      "tests",
      "failed outside",
      "failed inside",
      "skipped",
      "parts that differ",
      "why",
    ],
    rows,
  );
}

/** Failures on the last side: those outside, corrected by the differences. @param {PartResult} part */
function failedInside({ failedOutside, differences }) {
  const side = differences.at(-1)?.side;
  const changed = differences.filter((each) => each.side === side);
  return (
    failedOutside +
    changed.filter(({ inside }) => isFailure(inside)).length -
    changed.filter(({ outside }) => isFailure(outside)).length
  );
}

/** @param {SuiteResult} suite */
function details({ what, as, parts }) {
  const differing = parts.filter(({ differences }) => differences.length > 0);
  const lost = parts.flatMap(({ name, losses }) => [...new Set(losses)].map((loss) => [`\`${name}\``, loss]));
  const failing = parts
    .filter(({ failedOutside }) => failedOutside > 0)
    .map(({ name, failedOutside }) => `\`${name}\` ${failedOutside}`);
  const skipped = parts
    .filter((part) => part.tests > 0 && part.tests === part.skipped)
    .map(({ name }) => `\`${name}\``);
  return [
    `### ${what[0]?.toUpperCase()}${what.slice(1)}, by ${as}`,
    ...(failing.length > 0 ? [wrapped(`Fail outside as well: ${failing.join(", ")}.`)] : []),
    ...(skipped.length > 0 ? [wrapped(`All tests skipped, outside as well: ${skipped.join(", ")}.`)] : []),
    ...(differing.length === 0
      ? ["No difference."]
      : [table(["part", "test", "inside", "outside →", "inside", "why"], differing.flatMap(rowsOf))]),
    ...(lost.length > 0 ? ["Lost and reported (the run is incomplete):", table(["part", "what was lost"], lost)] : []),
    "The parts:",
    `\`\`\`\n${listed(parts.map(({ name }) => name))}\n\`\`\``,
  ].join("\n\n");
}

/** Names of one word in lines that fit a screen, sentences one a line. @param {readonly string[]} names */
const listed = (names) => (names.some((name) => name.includes(" ")) ? names.join("\n") : wrapped(names.join(" ")));

/** @param {PartResult} part */
function rowsOf({ name, differences }) {
  return differences
    .filter(({ outside, inside }) => outside !== "said" && inside !== "said")
    .map((each) => [
      `\`${name}\``,
      each.test === name ? "" : each.test,
      each.side,
      each.outside,
      each.inside,
      each.name ?? "**without a name**",
    ]);
}

/** @param {readonly string[]} heads @param {readonly (readonly (string | number)[])[]} rows */
function table(heads, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) =>
    `| ${cells.map((cell) => String(cell).replace(/\s+/g, " ").replace(/\|/g, "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}
