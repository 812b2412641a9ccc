/**
 * `npm run release -- VERSION [--really]`: makes a release of this checkout. Without `--really` it only prints what it would do.
 *
 *   versions     in the three manifests and the lockfile
 *   changelog    the unreleased section becomes the section of this version
 *   files        dist/release/VERSION: tarballs, isoline-VERSION.cdx.json (CycloneDX), SHA256SUMS
 *   git          one commit, and the annotated tag vVERSION
 *
 * The commit and the tag come last: a run that fails earlier leaves the sources unchanged. Nothing is published and nothing
 * is pushed.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { releaseChanges } from "./release-changes.mjs";
import { writeReleaseFiles } from "./release-files.mjs";
import { repository, run } from "./run.mjs";

const [version = "", ...options] = process.argv.slice(2);
const really = options.includes("--really");
const folder = join(repository, "dist/release", version);

const { obstacles, changes, notes } = await planned();
for (const each of obstacles) console.log(`cannot release: ${each}`);
if (obstacles.length > 0) process.exit(1);
for (const { path, what } of changes) console.log(`${really ? "change" : "would change"} ${path}: ${what}`);
for (const what of [`dist/release/${version}: tarballs, SBOM, SHA256SUMS`, `commit and tag v${version}`])
  console.log(`${really ? "make" : "would make"} ${what}`);
if (really) await release();
else console.log("nothing was changed; add --really to release");

async function planned() {
  const { obstacles, changes, notes } = releaseChanges(repository, version);
  const unknown = options.filter((option) => option !== "--really");
  if (unknown.length > 0) obstacles.unshift(`expected VERSION [--really], got ${unknown.join(" ")}`);
  if ((await git("status", "--porcelain")) !== "") obstacles.push("there are uncommitted changes; commit them");
  if ((await git("tag", "--list", `v${version}`)) !== "") obstacles.push(`the tag v${version} exists already`);
  return { obstacles, changes, notes };
}

async function release() {
  const paths = changes.map(({ path }) => path);
  try {
    for (const { path, text } of changes) writeFileSync(join(repository, path), text);
    await must(["npm", "run", "build"]);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await writeReleaseFiles(folder, version);
  } catch (error) {
    await git("checkout", "--", ...paths);
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  await git("commit", "--quiet", "-m", `Release ${version}`, "--", ...paths);
  await git("tag", "--annotate", `v${version}`, "--cleanup=whitespace", "-m", `isoline ${version}\n\n${notes}`);
  for (const line of readFileSync(join(folder, "SHA256SUMS"), "utf8").trim().split("\n")) console.log(line);
  console.log(`released ${version} here; still to do: git push --follow-tags, npm publish of the tarballs`);
}

/** @param {readonly string[]} words @returns {Promise<string>} */
function git(...words) {
  return must(["git", ...words]);
}

/** @param {readonly string[]} command @returns {Promise<string>} its output */
async function must(command) {
  const { status, output } = await run(command, { limitSeconds: 600 });
  if (status !== 0) throw new Error(`${command.slice(0, 3).join(" ")} ended with status ${status}: ${output}`);
  return output.trim();
}
