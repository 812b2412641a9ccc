/**
 * `npm test [FILTER…]`: from a fresh clone to the line `N passed, N failed, N skipped`, which is always the last.
 *
 * Installs what is missing, builds, checks the sources, runs every test. A failed installation or build ends the run, because
 * nothing after it would mean anything. A failed check does not keep the tests from running. A test file that failed runs twice.
 */
import { checked, checks } from "./checks.mjs";
import { longSuites } from "./long-suites.mjs";
import { buildPrograms, preparation } from "./prepare.mjs";
import { endRunning } from "./run.mjs";
import { provideSystemPackages } from "./system-packages.mjs";
import { reportStage, Tally } from "./tally.mjs";
import { runTests } from "./test-runs.mjs";

const TESTS_LIMIT_SECONDS = 5100;

const tally = new Tally();
const started = Date.now();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => {
    endRunning();
    close({ passed: 0, failed: [`stopped by ${signal} before the end`], skipped: [], unsteady: [] });
  });
}
try {
  await everything();
  close();
} catch (error) {
  console.log(error);
  close({ passed: 0, failed: ["npm test itself, by the error above"], skipped: [], unsteady: [] });
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
  const left = process.env["CI"] === undefined && filters.length === 0 ? longSuites : [];
  tally.add(await runTests(filters, left.length > 0 ? { ISOLINE_LEAVE_LONG: "true" } : {}, TESTS_LIMIT_SECONDS));
  const skipped = left.map((path) => `${path} (long: only in CI, or when it is named)`);
  tally.add({ passed: 0, failed: [], skipped, unsteady: [] });
}

/** @param {import("./test-runs.mjs").Counts} [last] @returns {never} */
function close(last) {
  if (last !== undefined) tally.add(last);
  console.log(tally.closing());
  process.exit(tally.succeeded ? 0 : 1);
}
