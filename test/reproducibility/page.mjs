/** The page docs/reproducibility.md, made from the measurements. */
import { circumstances } from "./circumstances.mjs";
import { firstContacts, limits } from "./findings.mjs";
import { wrapped } from "../../tools/wrapped.mjs";
import { everyday, unseen } from "./workloads/all.mjs";

/**
 * @typedef {import("./repetition.mjs").Row} Row
 * @typedef {import("./merging.mjs").Convergence} Convergence
 *
 * @typedef {object} Results by workload
 * @property {Record<string, Row>} everyday
 * @property {Record<string, Row>} unseen
 * @property {Record<string, Record<string, readonly string[]>>} circumstances the points that differ, by circumstance
 * @property {Record<string, Convergence>} merging
 * @property {Record<string, readonly string[]>} skipped what is not installed
 */

const INTRODUCTION = `# Reproducibility

<!-- Made by \`node test/reproducibility/table.mjs --markdown docs/reproducibility.md\`. Change test/reproducibility, not this page. -->

The same behaviour must give the same contour: on the next run, at another place, for another user. Here ordinary workloads are learnt
again and again, each time from a **clean start**: a new directory to work in, a new home, and a new directory for temporary files. These
have other names, lie at another depth, and in another arrangement (home around the working directory or beside it, below \`/tmp\` or
\`/var/tmp\`). Process ids, ports, times and addresses differ by themselves. Everything is learnt under the default [lens](lens.md).

- **states**: how many different contours so many runs gave, by the digest over all points. 1 is the goal.
- **check**: one more run, from a clean start again, against the first contour.
- **rules**: the rules of the lens that changed an event, with how often. Without those **in bold** two runs differ already; the others
  matter elsewhere, or only now and then.

\`node test/reproducibility/table.mjs --markdown FILE\` measures again, all or a part; its first lines say what else it takes. What is not
installed is skipped by name. \`CI=1 npx vitest run test/reproducibility\` holds the first table; without \`CI\`, its three short rows.
`;

/** The whole page. @param {Results} results */
export function page(results) {
  const found = differing(results);
  const chapters = [
    INTRODUCTION,
    "## Everyday workloads",
    everydayTable(results.everyday),
    "## Programs that nothing here was made for",
    `Ordinary programs that no test of ours used before. Each was learnt four times and checked once.

*At first contact* is the result with the lens as it was before it had met the program: for the rows down to npm pack that of commit
67732b2, for those from go on that of 4a00707. *Since then* is the change that it led to: rules that name a cause and not a program.
Templates of temporary names belong to a program, and are kept in a list.`,
    unseenTable(results.unseen),
    "## Other circumstances",
    `One run is compared with another that differs in more than its place. The figure is the number of points that only one of the two has.`,
    circumstances.map(({ name, says }) => `- **${name}**: ${says}`).join("\n"),
    circumstanceTable(results.circumstances),
    `A dash means: not measured. PostgreSQL refuses root, so it runs as one user in all tables. ssh-keygen refuses users without an entry in
the password file. A contour that root learnt differs from one that an ordinary user learnt, because the actor is part of an event.`,
    "## Workloads that do something else each time",
    `The lens does not hide chance that belongs to the workload. Such a workload is learnt several times into the same contour, with
\`learn --merge\`, until nothing new comes: here, until five runs in a row have added nothing.`,
    mergingTable(results.merging),
    "## What is not reproducible",
    ...(found.length === 0 ? [] : [table(["workload", "what not every run has"], found)]),
    limits.map((line) => wrapped(`- ${line}`).replaceAll("\n", "\n  ")).join("\n"),
  ];
  return `${chapters.join("\n\n").replace(/\n{3,}/g, "\n\n")}\n`;
}

/** @param {Results["everyday"]} rows */
function everydayTable(rows) {
  return table(
    ["workload", "what it does", "runs", "states", "points", "check", "rules"],
    everyday.flatMap(({ name }) => {
      const row = rows[name];
      if (!row) return [[name, "not measured", "", "", "", "", ""]];
      const rules = Object.entries(row.fired)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([rule, count]) => `${row.needed.includes(rule) ? `**${rule}**` : rule} ${count}`);
      return [[name, row.says, row.runs, row.states, row.points, row.check, rules.join(", ")]];
    }),
  );
}

/** @param {Results["unseen"]} rows */
function unseenTable(rows) {
  return table(
    ["program", "what it does", "at first contact", "since then", "states", "points", "check"],
    unseen.flatMap(({ name }) => {
      const row = rows[name];
      if (!row) return [];
      const first = firstContacts[name];
      return [
        [name, row.says, first?.saw ?? "", first?.since ?? "", `${row.states} of ${row.runs}`, row.points, row.check],
      ];
    }),
  );
}

/** @param {Results["circumstances"]} rows */
function circumstanceTable(rows) {
  return table(
    ["workload", ...circumstances.map(({ name }) => name)],
    [...everyday, ...unseen].flatMap(({ name }) => {
      const row = rows[name];
      return row ? [[name, ...circumstances.map((circumstance) => row[circumstance.name]?.length ?? "–")]] : [];
    }),
  );
}

/** @param {Results["merging"]} rows */
function mergingTable(rows) {
  return table(
    ["workload", "points that each run added", "nothing new after"],
    Object.values(rows).map(({ says, added, until }) => [
      says,
      added.join(", "),
      `${until} ${until === 1 ? "run" : "runs"}`,
    ]),
  );
}

/** The losses of the measurement itself. @param {Results} results */
function differing({ everyday, unseen, circumstances: other }) {
  const rows = { ...everyday, ...unseen };
  return [
    ...Object.entries(rows).flatMap(([name, { differs }]) => told(name, differs)),
    ...Object.entries(other).flatMap(([name, row]) =>
      Object.entries(row).flatMap(([circumstance, points]) => told(`${name}, ${circumstance}`, points)),
    ),
    ...Object.entries(rows).flatMap(([name, { incomplete }]) =>
      incomplete.length > 0 ? [[name, `not everything could be observed: ${[...new Set(incomplete)].join(", ")}`]] : [],
    ),
  ];
}

const MOST_TOLD = 5;

/** @param {string} where @param {readonly string[]} points */
function told(where, points) {
  if (points.length === 0) return [];
  const some = points.slice(0, MOST_TOLD).map((point) => `\`${point.replace(/[0-9a-f]{64}/g, "…")}\``);
  const rest = points.length > MOST_TOLD ? `, and ${points.length - MOST_TOLD} more` : "";
  return [[where, `${some.join(", ")}${rest}`]];
}

/** @param {readonly string[]} heads @param {readonly (readonly (string | number)[])[]} rows */
function table(heads, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}
