/** The tests of packages for Node: one of the npm registry that ships its tests, and the core of this repository. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../tools/run.mjs";
import { ending } from "./comparison.mjs";
import { tapResults } from "./glib.mjs";
import { runWorkload } from "./workload.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** The package and the dependencies of its tests, in the versions that they were tried with. */
const installed =
  "qs@6.17.1 tape@5.10.2 es-value-fixtures@1.7.1 for-each@0.3.5 has-bigints@1.1.0 has-override-mistake@1.0.1 has-property-descriptors@1.0.2 has-proto@1.2.0 has-symbols@1.1.0 iconv-lite@0.5.2 mock-property@1.1.2 object-inspect@1.14.0 qs-iconv@1.0.4 safer-buffer@2.1.2".split(
    " ",
  );

/** Installs the packages without running their scripts; returns the directory. */
export async function installPackages() {
  const place = mkdtempSync(join(tmpdir(), "foreign-npm-"));
  chmodSync(place, 0o755);
  writeFileSync(join(place, "package.json"), '{ "private": true }');
  const outcome = await run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", ...installed], {
    cwd: place,
    limitSeconds: 300,
  });
  if (outcome.status === 0) return { place, remove: () => rmSync(place, { recursive: true, force: true }) };
  rmSync(place, { recursive: true, force: true });
  throw new TypeError(`npm could not install the packages: ${outcome.output}`);
}

/** @param {string} place where it is installed @param {import("./workload.mjs").Side} side @param {number | undefined} uid */
export async function runPackage(place, side, uid) {
  const script = `cp -r "$0/node_modules" . && cd node_modules/qs && node ../tape/bin/tape 'test/*.js'`;
  const outcome = await runWorkload({ command: ["sh", "-c", script, place], side, seconds: 180, uid });
  return { ...outcome, tests: tapResults(outcome) };
}

/** The tests under a path of this repository, by name. @param {string} path @param {import("./workload.mjs").Side} side */
export async function runOwn(path, side) {
  const place = mkdtempSync(join(tmpdir(), "foreign-own-"));
  const file = join(place, "results.json");
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  const command = [
    process.execPath,
    vitest,
    "run",
    path,
    "--root",
    repository,
    "--reporter=json",
    `--outputFile=${file}`,
  ];
  try {
    const outcome = await runWorkload({
      command,
      side,
      seconds: 300,
      uid: undefined,
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    });
    /** @type {import("./comparison.mjs").Tests} */
    const tests = new Map([["(end)", ending(outcome)]]);
    for (const { name, assertionResults } of readSuites(file))
      for (const { fullName, status } of assertionResults)
        tests.set(`${name.slice(repository.length)} ${fullName}`, { word: status, why: "" });
    return { ...outcome, tests };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** @param {string} file @returns {readonly { name: string, assertionResults: readonly { fullName: string, status: string }[] }[]} */
function readSuites(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).testResults;
  } catch {
    return [];
  }
}
