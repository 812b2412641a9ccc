/**
 * The run of the tests, and the second run of those files in which something failed.
 *
 * Thousands of tests with real processes share two processors, and a few have deadlines that a starved machine misses. A file
 * that failed is run once more, with only the other files that failed beside it. What passes then counts as passed, and is
 * named with what failed at first: it hides nothing, and a test that is wrong fails both times.
 */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed, repository, run } from "./run.mjs";

/** With more files than this, the fault is no deadline that one of them missed. */
const MOST_FILES_AGAIN = 8;
/** It takes most of an hour, and runs its own failed files once more. */
const REPEATS_ITSELF = "test/vm/machines.test.ts";
/** A second run that has less time than this is not begun, in seconds. */
const LEAST_TIME = 120;
/** So long before its end the first run begins no long suite (tools/time-left.mjs), in seconds. */
const TIME_OF_LONG_SUITES = 600;

/**
 * @typedef {object} Counts what happened, and the names of what did not pass, each with its reason
 * @property {number} passed
 * @property {string[]} failed
 * @property {string[]} skipped
 * @property {string[]} unsteady what passed only at a second attempt, with the reason of the first
 */

/** @typedef {Record<string, Counts>} Results those of each test file; "" has what belongs to none */

/**
 * Runs the tests, and once more the files that failed.
 *
 * @param {readonly string[]} filters only the files with one of these in their path, and each once; all where there are none
 * @param {Record<string, string>} env
 * @param {number} limitSeconds for both runs together
 * @returns {Promise<Counts>}
 */
export async function runTests(filters, env, limitSeconds) {
  const started = Date.now();
  const until = started + (limitSeconds - TIME_OF_LONG_SUITES) * 1000;
  const first = await runOnce(filters, { ISOLINE_BEGIN_LONG_UNTIL: String(until), ...env }, limitSeconds);
  const left = limitSeconds - (Date.now() - started) / 1000;
  const files = failedFiles(first).filter((file) => file !== REPEATS_ITSELF);
  const isAgain = filters.length === 0 && files.length > 0 && files.length <= MOST_FILES_AGAIN && left >= LEAST_TIME;
  if (!isAgain) return sum(first);
  console.log(`\nonce more, by themselves: ${files.join(", ")}`);
  return afterSecondRun(first, await runOnce(files, { ISOLINE_BEGIN_LONG_UNTIL: "Infinity", ...env }, left));
}

/** @param {Results} results @returns {string[]} the files in which something failed */
function failedFiles(results) {
  return Object.keys(results).filter((file) => file !== "" && results[file]?.failed.length !== 0);
}

/**
 * The results of both runs together: of a file that ran twice, the second.
 *
 * @param {Results} first
 * @param {Results} second
 * @returns {Counts} unsteady has also what failed in a file that passed the second time
 */
export function afterSecondRun(first, second) {
  const steady = Object.keys(second).filter((file) => second[file]?.failed.length === 0);
  const counts = sum({ ...first, ...second });
  return { ...counts, unsteady: [...counts.unsteady, ...steady.flatMap((file) => first[file]?.failed ?? [])] };
}

/** @param {Results} results @returns {Counts} */
function sum(results) {
  const all = Object.values(results);
  return {
    passed: all.reduce((total, { passed }) => total + passed, 0),
    failed: all.flatMap(({ failed }) => failed),
    skipped: all.flatMap(({ skipped }) => skipped),
    unsteady: all.flatMap(({ unsteady }) => unsteady),
  };
}

/**
 * @param {readonly string[]} filters @param {Record<string, string>} env @param {number} limitSeconds
 * @returns {Promise<Results>} with a failure under "" where the runner itself failed
 */
async function runOnce(filters, env, limitSeconds) {
  const report = join(tmpdir(), `isoline-tests-${process.pid}.json`);
  const reporters = ["--reporter=default", "--reporter=./tools/count-reporter.mjs"];
  const colour = process.stdout.isTTY ? [] : ["--no-color"];
  const options = ["--allowOnly=false", ...reporters, ...colour];
  const outcome = await run([installed("vitest"), "run", ...options, ...filters], {
    cwd: repository,
    env: { ISOLINE_TEST_REPORT: report, ...env },
    show: true,
    limitSeconds,
  });
  const results = readReport(report);
  rmSync(report, { force: true });
  const how = outcome.timedOut ? "too late" : `status ${outcome.status}`;
  if (results === undefined) return failure(`the test runner ended without a report (${how})`);
  if (outcome.timedOut)
    return { ...results, ...failure(`the test runner was stopped after ${Math.round(limitSeconds)} s`) };
  if (outcome.status !== 0 && failedFiles(results).length === 0 && results[""] === undefined)
    return { ...results, ...failure(`the test runner failed (${how}), and no test did`) };
  return results;
}

/** @param {string} name @returns {Results} */
function failure(name) {
  return { "": { passed: 0, failed: [name], skipped: [], unsteady: [] } };
}

/** @param {string} file @returns {Results | undefined} */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
