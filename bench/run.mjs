/**
 * `npm run bench`: measures what the project promises, contenders in turn, and prints the results.
 *
 *   --only NAME …      only these benchmarks (see --list)
 *   --pairs N          rounds of every contest, instead of each benchmark's own number
 *   --set NAME=VALUE … settings of a benchmark, as it names them
 *   --quick            fewer rounds and smaller workloads: to see that it works, not to publish
 *   --against FOLDER   another built checkout, measured beside this one, to compare a change
 *   --json FILE        write all figures
 *   --markdown FILE    write the page of this machine, for docs/performance
 *   --from FILE        measure nothing, read the figures of an earlier --json
 *   --list             print the names of the benchmarks
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArguments } from "./harness/arguments.mjs";
import { circumstances } from "./harness/machine.mjs";
import { page } from "./harness/page.mjs";
import { benchmarkNames, runAlone } from "./harness/benchmarks.mjs";
import { showBenchmark, showGoals } from "./harness/tables.mjs";

const asked = parseArguments(process.argv.slice(2), benchmarkNames());
if (asked.list) for (const name of benchmarkNames()) console.log(name);
else {
  const results = asked.from === undefined ? await measure() : JSON.parse(readFileSync(asked.from, "utf8"));
  if (asked.from !== undefined) for (const benchmark of results.benchmarks) showBenchmark(benchmark);
  showGoals(results);
  if (asked.json !== undefined) writeFileSync(asked.json, `${JSON.stringify(results, undefined, 1)}\n`);
  if (asked.markdown !== undefined) writeFileSync(asked.markdown, page(results));
  if (results.failed.length > 0) process.exitCode = 1;
}

/** @returns {Promise<import("./harness/benchmarks.mjs").Results>} */
async function measure() {
  const { only, quick, pairs, against, set } = asked;
  /** @type {import("./harness/benchmarks.mjs").Results} */
  const results = { format: "isoline-bench 1", quick, ...circumstances(), benchmarks: [], skipped: [], failed: [] };
  for (const name of only) {
    process.stderr.write(`${name} …\n`);
    const { skipped, fault, ...benchmark } = await runAlone(name, { quick, pairs, against, set });
    results.skipped.push(...skipped.map((each) => ({ benchmark: name, ...each })));
    if (fault !== undefined) results.failed.push({ benchmark: name, why: fault });
    else {
      results.benchmarks.push(benchmark);
      showBenchmark(benchmark);
    }
  }
  return results;
}
