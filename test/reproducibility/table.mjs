/**
 * `node test/reproducibility/table.mjs --markdown docs/reproducibility.md [--results FILE] [--part PART]… [--only WORKLOAD]…`
 *
 * Measures every workload that is installed, and writes the page. Parts are `everyday`, `unseen`, `circumstances` and
 * `merging`. Each measurement goes into the results file at once, and the page is made of all that the file contains, so that
 * one part, or one workload, can be measured again. All of it takes half an hour on two processors.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { circumstances, differUnder } from "./circumstances.mjs";
import { isBuilt, missing } from "./experiment.mjs";
import { converge, varying } from "./merging.mjs";
import { page } from "./page.mjs";
import { repeat } from "./repetition.mjs";
import { everyday, unseen } from "./workloads/all.mjs";

/** @typedef {import("./place.mjs").Workload} Workload */
/** @typedef {import("./page.mjs").Results} Results */

const { values } = parseArgs({
  options: {
    markdown: { type: "string" },
    results: { type: "string" },
    part: { type: "string", multiple: true, default: ["everyday", "unseen", "circumstances", "merging"] },
    only: { type: "string", multiple: true },
  },
});

if (!isBuilt) {
  console.error("nothing is built: npm run build");
  process.exit(2);
}
/** @type {Results} */
const results = { everyday: {}, unseen: {}, circumstances: {}, merging: {}, skipped: {} };
if (values.results && existsSync(values.results))
  Object.assign(results, JSON.parse(readFileSync(values.results, "utf8")));

/** @param {string} part @param {Workload} workload @param {() => Promise<string>} measure returns the result in a few words */
async function measured(part, workload, measure) {
  const { name } = workload;
  if (!values.part.includes(part) || (values.only && !values.only.includes(name))) return;
  const lacking = missing(workload);
  if (lacking.length > 0) {
    results.skipped[name] = lacking;
    console.log(`skipped ${name}: not installed: ${lacking.join(", ")}`);
    return;
  }
  const began = Date.now();
  try {
    console.log(`${part} ${name}: ${await measure()} (${Math.round((Date.now() - began) / 1000)} s)`);
  } catch (error) {
    console.log(`${part} ${name}: ${String(error)}`);
    process.exitCode = 1;
  }
  if (values.results) writeFileSync(values.results, JSON.stringify(results));
}

for (const [part, workloads, order] of /** @type {const} */ ([
  ["everyday", everyday, { runs: 5, needs: true }],
  ["unseen", unseen, { runs: 4, needs: false }],
]))
  for (const workload of workloads)
    await measured(part, workload, async () => {
      const row = await repeat(workload, order);
      results[part][workload.name] = row;
      for (const point of row.differs.slice(0, 20)) console.log(`  ${point}`);
      return `${row.states} of ${row.runs}, then ${row.check}`;
    });

for (const workload of [...everyday, ...unseen])
  for (const circumstance of circumstances) {
    if (circumstance.asRoot && (process.getuid?.() !== 0 || workload.uid !== undefined)) continue;
    if (circumstance.busy && !everyday.includes(workload)) continue;
    await measured("circumstances", workload, async () => {
      const differing = await differUnder(workload, circumstance);
      (results.circumstances[workload.name] ??= {})[circumstance.name] = differing;
      for (const point of differing.slice(0, 20)) console.log(`  ${point}`);
      return `${circumstance.name}: ${differing.length} points differ`;
    });
  }

for (const each of varying)
  await measured("merging", each.workload, async () => {
    const converged = await converge(each);
    results.merging[each.workload.name] = converged;
    return `stands still after ${converged.until} runs: ${converged.added.join(" ")}`;
  });

if (values.markdown) writeFileSync(values.markdown, page(results));
