/** The changes that a release makes in the sources: the versions and the changelog. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const PACKAGES = ["core", "attest", "log", "linux", "dashboard", "verifier", "isoline"].map(
  (name) => `packages/${name}`,
);
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;
const HEADING = /^## \[Unreleased\](?: — (\S+))?$/m;

/**
 * @param {string} root @param {string} version
 * @returns {{ obstacles: string[], changes: { path: string, what: string, text: string }[], notes: string }}
 */
export function releaseChanges(root, version) {
  const read = (/** @type {string} */ path) => readFileSync(join(root, path), "utf8");
  const now = JSON.parse(read("packages/isoline/package.json")).version;
  if (!VERSION.test(version))
    return { obstacles: [`expected a version such as ${now}, got "${version}"`], changes: [], notes: "" };
  const obstacles = isBefore(version, now)
    ? [`expected a version after ${now}, the version of the packages; got "${version}"`]
    : [];
  const { text, notes, complaint } = changelogWith(read("CHANGELOG.md"), version);
  if (complaint !== undefined) obstacles.push(complaint);
  const versions = [...PACKAGES.map((folder) => `${folder}/package.json`), "package-lock.json"].map((path) => ({
    path,
    what: `version ${now} becomes ${version}`,
    text: manifestWith(path, read(path), version),
  }));
  const changelog = { path: "CHANGELOG.md", what: `the section of ${version}`, text };
  return { obstacles, changes: [...versions, changelog], notes };
}

/** @param {string} version @param {string} now */
function isBefore(version, now) {
  const numbers = (/** @type {string} */ text) => (VERSION.exec(text) ?? []).slice(1).map(Number);
  const [one, other] = [numbers(version), numbers(now)];
  const first = one.findIndex((number, place) => number !== other[place]);
  return first >= 0 && /** @type {number} */ (one[first]) < /** @type {number} */ (other[first]);
}

/**
 * A manifest, or the lockfile, with the new version of our packages and of their dependencies on each other.
 *
 * @param {string} path @param {string} text @param {string} version
 */
function manifestWith(path, text, version) {
  const document = JSON.parse(text);
  const manifests = path === "package-lock.json" ? PACKAGES.map((folder) => document.packages[folder]) : [document];
  for (const manifest of manifests) {
    manifest.version = version;
    for (const needed of [manifest.dependencies ?? {}, manifest.peerDependencies ?? {}])
      for (const name of Object.keys(needed)) if (name.startsWith("@isoline/")) needed[name] = version;
  }
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * The unreleased section becomes this version's, below a new empty one.
 *
 * @param {string} text @param {string} version
 * @returns {{ text: string, notes: string, complaint?: string }}
 */
function changelogWith(text, version) {
  const heading = HEADING.exec(text);
  if (heading === null) return { text, notes: "", complaint: 'CHANGELOG.md has no section "## [Unreleased]"' };
  const [line, named] = heading;
  const from = heading.index + line.length;
  const next = text.indexOf("\n## ", from);
  const notes = text.slice(from, next < 0 ? undefined : next).trim();
  if (named !== undefined && named !== version)
    return { text, notes, complaint: `CHANGELOG.md says that ${named} comes next, not ${version}` };
  if (notes === "") return { text, notes, complaint: "CHANGELOG.md has nothing in its unreleased section" };
  const day = new Date().toISOString().slice(0, 10);
  return { text: text.replace(HEADING, () => `## [Unreleased]\n\n## [${version}] — ${day}`), notes };
}
