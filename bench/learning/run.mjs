/**
 * `npm run learning -- record [--recordings DIR] [--runs N] [--only WORKLOAD]…`
 * `npm run learning -- evaluate [--recordings DIR] [--learn N] [--markdown FILE]`
 * `npm run learning -- generalise [--recordings DIR] [--learn N] [--target SHARE] [--markdown FILE]`
 *
 * README.md in this folder says what they do.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isBuilt } from "../../test/reproducibility/experiment.mjs";
import { DEFAULT_PLACE } from "./recordings.mjs";
import { workloads } from "./workloads/all.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    recordings: { type: "string", default: DEFAULT_PLACE },
    runs: { type: "string", default: "56" },
    learn: { type: "string", default: "16" },
    only: { type: "string", multiple: true },
    target: { type: "string", default: "0.05" },
    markdown: { type: "string" },
  },
});

const chosen = workloads.filter(({ name }) => values.only === undefined || values.only.includes(name));
const [what] = positionals;
if (!isBuilt) refuse("nothing is built: npm run build");
else if (what === "record") {
  const { record } = await import("./record.mjs");
  await record(chosen, values.recordings, Number(values.runs));
} else if (what === "evaluate") {
  const { evaluate } = await import("./evaluate.mjs");
  const { page, table } = await import("./page.mjs");
  const results = evaluate(chosen, values.recordings, Number(values.learn));
  console.log(table(results));
  if (values.markdown) writeFileSync(values.markdown, page(results));
} else if (what === "generalise") {
  const { generalise, generalisedPage, rows } = await import("./generalise.mjs");
  const [count, target] = [Number(values.learn), Number(values.target)];
  const results = generalise(chosen, values.recordings, count, target);
  console.log(rows(results));
  if (values.markdown) writeFileSync(values.markdown, generalisedPage(results, count, target));
} else refuse("expected record, evaluate or generalise: npm run learning -- record");

/** @param {string} why */
function refuse(why) {
  console.error(why);
  process.exitCode = 2;
}
