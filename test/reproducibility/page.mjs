/** The page docs/reproducibility.md, made from the measurements. */
import { circumstances } from "./circumstances.mjs";
import { firstContacts, limits } from "./findings.mjs";
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

The same behaviour must give the same contour: on the next run, at another place, for another user. Here ordinary workloads
are learnt again and again, each time from a **clean start**: a new directory to work in, a new home and a new directory for
temporary files, under other names, at another depth, in another arrangement (home around the working directory or beside
it, below \`/tmp\` or \`/var/tmp\`). Process ids, ports, times and addresses differ by themselves. All under the default
[lens](lens.md).

- **states**: how many different contours came of so many runs, by the digest over all points. 1 is what we want.
- **check**: one run more, from a clean start again, against the first contour.
- **rules**: those of the lens that changed an event, with how often. **In bold** those without which already two runs
  differ; the others would come to bear elsewhere, or only now and then.

Measure again, all or a part, with \`node test/reproducibility/table.mjs --markdown FILE\`; its first lines say what else it
takes. What is not installed is skipped by name. \`npx vitest run test/reproducibility\` holds the first table.
`;

/** The whole page. @param {Results} results */
export function page(results) {
  const chapters = [
    INTRODUCTION,
    "## Everyday workloads",
    everydayTable(results.everyday),
    "## Programs that nothing here was made for",
    `Ordinary programs that no test of ours used before. Each was learnt four times and checked once.
*At first contact* is with the lens as it was before it had met the program: down to npm pack that of commit 67732b2, from go
on that of 4a00707, with all the rules that the others had led to. *Since then* is what it led to: rules that speak of a cause,
not of a program (templates of temporary names are a program's own, and are kept in a list).`,
    unseenTable(results.unseen),
    "## Other circumstances",
    `One run against another where it is not the place alone that differs. The figure is the number of points that one of
the two has and the other does not.`,
    circumstances.map(({ name, says }) => `- **${name}**: ${says}`).join("\n"),
    circumstanceTable(results.circumstances),
    "A dash: not measured. PostgreSQL refuses root, so it runs as one user in all tables; ssh-keygen refuses users without an entry in the password file. A contour learnt as root is another one than one learnt as an ordinary user: who acts is part of an event.",
    "## Workloads that do something else each time",
    `Chance that belongs to the workload is no business of the lens. Such a workload is learnt several times into the same
contour, with \`learn --merge\`, until nothing new comes: here, until five runs in a row have added nothing.`,
    mergingTable(results.merging),
    "## What is not reproducible",
    [...differing(results), ...limits].map((line) => `- ${line}`).join("\n"),
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
      incomplete.length > 0 ? [`${name}: not everything could be seen: ${[...new Set(incomplete)].join(", ")}`] : [],
    ),
  ];
}

const MOST_TOLD = 5;

/** @param {string} where @param {readonly string[]} points */
function told(where, points) {
  if (points.length === 0) return [];
  const some = points.slice(0, MOST_TOLD).map((point) => `\`${point.replace(/[0-9a-f]{64}/g, "…")}\``);
  const rest = points.length > MOST_TOLD ? `, and ${points.length - MOST_TOLD} more` : "";
  return [`${where}: not every run has ${some.join(", ")}${rest}`];
}

/** @param {readonly string[]} heads @param {readonly (readonly (string | number)[])[]} rows */
function table(heads, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}
