/**
 * Tests that come with packages for Node: two of the npm registry's that ship theirs, and the core of this repository.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../tools/run.mjs";
import { tapResults } from "./glib.mjs";
import { runWorkload } from "./workload.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** What the two packages' tests need, in the versions that they were tried with. */
const installed = [
  "array.prototype.map@1.0.8",
  "copy-dir@1.3.0",
  "es-value-fixtures@1.7.1",
  "for-each@0.3.5",
  "has-bigints@1.1.0",
  "has-override-mistake@1.0.1",
  "has-property-descriptors@1.0.2",
  "has-proto@1.2.0",
  "has-symbols@1.1.0",
  "iconv-lite@0.5.2",
  "mkdirp@0.5.6",
  "mock-property@1.1.2",
  "mv@2.1.1",
  "object-inspect@1.14.0",
  "object-keys@1.1.1",
  "qs@6.17.1",
  "qs-iconv@1.0.4",
  "resolve@1.22.14",
  "rimraf@2.7.1",
  "safer-buffer@2.1.2",
  "semver@6.3.2",
  "tape@5.10.2",
  "tmp@0.0.31",
];
export const npmPackages = ["resolve", "qs"];

/** Installs the packages, nothing of theirs being run; the directory. */
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

/** @param {string} name @param {string} place @param {import("./workload.mjs").Side} side @param {number | undefined} uid */
export async function runPackage(name, place, side, uid) {
  const script = `cp -r "$0/node_modules" . && cd "node_modules/$1" && node ../tape/bin/tape 'test/*.js'`;
  const outcome = await runWorkload({ command: ["sh", "-c", script, place, name], side, seconds: 180, uid });
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
    /** @type {Map<string, string>} */
    const tests = new Map([["(end)", outcome.hung ? "hung" : `status ${outcome.status}`]]);
    for (const suite of readSuites(file))
      for (const { fullName, status } of suite.assertionResults)
        tests.set(`${suite.name.slice(repository.length)} ${fullName}`, status);
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
