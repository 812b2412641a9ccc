/**
 * `npm test [FILTER…]`: from a fresh clone to the line `N passed, N failed, N skipped`, which is always the last.
 *
 * Installs what is missing, builds, checks the sources, runs every test. A failed installation or build ends the run, because
 * nothing after it would mean anything. A failed check does not keep the tests from running.
 */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checked, checks } from "./checks.mjs";
import { longSuites } from "./long-suites.mjs";
import { buildPrograms, preparation } from "./prepare.mjs";
import { endRunning, installed, repository, run } from "./run.mjs";
import { provideSystemPackages } from "./system-packages.mjs";
import { reportStage, Tally } from "./tally.mjs";

const TESTS_LIMIT_SECONDS = 5100;

const tally = new Tally();
const started = Date.now();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => {
    endRunning();
    close({ passed: 0, failed: [`stopped by ${signal} before the end`], skipped: [] });
  });
}
try {
  await everything();
  close();
} catch (error) {
  console.log(error);
  close({ passed: 0, failed: ["npm test itself, by the error above"], skipped: [] });
}

async function everything() {
  for (const stage of preparation) {
    const counts = reportStage(stage.name, await stage.run());
    tally.add(counts);
    if (counts.failed.length > 0) {
      console.log(`cannot continue without "${stage.name}"`);
      return;
    }
  }
  await systemPackages();
  // The installed system packages may include the compiler.
  tally.add(reportStage("bpf programs", await buildPrograms()));
  for await (const { name, remedy, outcome } of checked(checks)) tally.add(reportStage(name, outcome, remedy));
  await tests(process.argv.slice(2));
  console.log(`\n${Math.round((Date.now() - started) / 1000)} s in all`);
}

async function systemPackages() {
  const { missing, note } = await provideSystemPackages();
  if (note !== "") console.log(`system packages: ${note}`);
  for (const { name, why } of missing) console.log(`system package missing: ${name} (${why}); tests that need it skip`);
}

/** @param {readonly string[]} filters */
async function tests(filters) {
  const report = join(tmpdir(), `isoline-tests-${process.pid}.json`);
  const reporters = ["--reporter=default", "--reporter=./tools/count-reporter.mjs"];
  const colour = process.stdout.isTTY ? [] : ["--no-color"];
  const left = process.env["CI"] === undefined && filters.length === 0 ? longSuites : [];
  const options = ["--allowOnly=false", ...reporters, ...colour];
  const outcome = await run([installed("vitest"), "run", ...options, ...filters], {
    cwd: repository,
    env: { ISOLINE_TEST_REPORT: report, ...(left.length > 0 && { ISOLINE_LEAVE_LONG: "true" }) },
    show: true,
    limitSeconds: TESTS_LIMIT_SECONDS,
  });
  const counts = readReport(report);
  rmSync(report, { force: true });
  if (counts === undefined) {
    const how = outcome.timedOut ? "too late" : `status ${outcome.status}`;
    tally.add({ passed: 0, failed: [`the test runner ended without a report (${how})`], skipped: [] });
    return;
  }
  tally.add(counts);
  tally.add({ passed: 0, failed: [], skipped: left.map((path) => `${path} (long: only in CI, or when it is named)`) });
  if (outcome.status !== 0 && counts.failed.length === 0) {
    const name = `the test runner ended with status ${outcome.status}, and no test failed`;
    tally.add({ passed: 0, failed: [name], skipped: [] });
  }
}

/** @param {string} file @returns {{ passed: number, failed: string[], skipped: string[] } | undefined} */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** @param {{ passed: number, failed: string[], skipped: string[] }} [last] @returns {never} */
function close(last) {
  if (last !== undefined) tally.add(last);
  console.log(tally.closing());
  process.exit(tally.succeeded ? 0 : 1);
}
