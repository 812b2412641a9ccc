/** The files of a release: tarballs, a list of their contents (SBOM), and the checksums of both. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository, run } from "./run.mjs";

/** @param {string} folder an existing empty folder @param {string} version */
export async function writeReleaseFiles(folder, version) {
  await must([process.execPath, join(repository, "tools/pack.mjs"), folder], repository);
  writeFileSync(join(folder, `isoline-${version}.cdx.json`), await billOfMaterials(folder, version));
  const sums = readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}  ${name}\n`,
    );
  writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
}

/**
 * CycloneDX, for what npm installs from the tarballs. A tarball is named by its file alone, because its folder belongs to this
 * machine.
 *
 * @param {string} folder of the tarballs @param {string} version @returns {Promise<string>}
 */
async function billOfMaterials(folder, version) {
  const place = mkdtempSync(join(tmpdir(), "isoline-release-"));
  try {
    const root = join(place, `isoline-${version}`);
    mkdirSync(root);
    writeFileSync(join(root, "package.json"), JSON.stringify({ name: "isoline-release", version, private: true }));
    const tarballs = readdirSync(folder).map((name) => join(folder, name));
    const quiet = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    await must(["npm", "install", ...quiet, ...tarballs], root);
    const text = await must(["npm", "sbom", "--sbom-format=cyclonedx", "--sbom-type=application"], root);
    return `${text.slice(text.indexOf("{")).trim().replaceAll(`file:${folder}/`, "file:")}\n`;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} command @param {string} cwd @returns {Promise<string>} its output */
async function must(command, cwd) {
  const { status, output } = await run(command, { cwd, limitSeconds: 300 });
  if (status !== 0) throw new Error(`${command.slice(0, 3).join(" ")} ended with status ${status}: ${output}`);
  return output;
}
