/**
 * Runs each job in a thread of its own: puts the job's Landlock rules on the thread, then does its steps.
 *
 *   node held.mjs MODULE < jobs.json > results.json
 */
import { readFileSync, writeSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { perform } from "./file-operations.mjs";

/** @param {{ module: string, job: { rules: unknown, version?: number, steps: [string, ...unknown[]][] } }} work */
async function work({ module, job }) {
  const { applyLandlock } = await import(module);
  const applied = job.version === undefined ? applyLandlock(job.rules) : applyLandlock(job.rules, job.version);
  const said = [];
  for (const step of job.steps) said.push(await perform(step));
  parentPort?.postMessage({ applied, said });
}

/** @param {string} module */
async function main(module) {
  const results = [];
  for (const job of JSON.parse(readFileSync(0, "utf8"))) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { module, job } });
    results.push(
      await new Promise((resolve, reject) => {
        worker.on("message", resolve);
        worker.on("error", reject);
      }),
    );
  }
  writeSync(1, JSON.stringify(results));
}

if (isMainThread) await main(process.argv[2] ?? "");
else await work(workerData);
