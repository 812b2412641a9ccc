/**
 * `npm run pack [FOLDER]`: writes the tarballs that npm installs, one for each package, to FOLDER (default: dist/tarballs).
 *
 * Each package is laid out in a folder of its own and packed from there, so that this file alone decides what a tarball holds:
 * the compiled code, its types, a README, the licence texts. Left out is what serves only this checkout: sources and source
 * maps (the code is neither minified nor renamed), tests and fixtures, and V8's stored code, which belongs to one build of Node
 * and names the folder in which it was made.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { repository, run } from "./run.mjs";

const packages = ["core", "attest", "log", "linux", "dashboard", "verifier", "isoline"];
const LEFT_OUT = [
  /\.map$/,
  /\.cache(\.|$)/,
  /\/(kept-for|built-from)$/,
  /\.tsbuildinfo$/,
  /\/fixtures$/,
  /\.test\.(js|d\.ts)$/,
];

const out = resolve(process.argv[2] ?? join(repository, "dist/tarballs"));
mkdirSync(out, { recursive: true });
for (const name of packages) console.log(await pack(name));

/** @param {string} name of a folder below packages/ @returns {Promise<string>} the tarball's path */
async function pack(name) {
  const stage = mkdtempSync(join(tmpdir(), "isoline-pack-"));
  try {
    lay(join(repository, "packages", name), stage);
    const { status, output } = await run(
      ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", out, stage],
      {
        limitSeconds: 120,
      },
    );
    if (status !== 0) throw new Error(`npm pack of ${name} ended with status ${status}: ${output}`);
    const [{ filename }] = JSON.parse(output.slice(output.indexOf("[")));
    // Older versions of npm print a scoped name with its slash, but write the file with a dash.
    return join(out, basename(filename.replace(/^@/, "").replace("/", "-")));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** @param {string} from @param {string} stage */
function lay(from, stage) {
  const manifest = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  if (!existsSync(join(from, "dist"))) throw new Error(`${from}/dist is missing; run npm run build`);
  for (const part of manifest.files)
    cpSync(join(from, part), join(stage, part), {
      recursive: true,
      filter: (path) => !LEFT_OUT.some((pattern) => pattern.test(path)),
    });
  for (const file of ["README.md", "package.json"]) cpSync(join(from, file), join(stage, file));
  cpSync(join(repository, "LICENSE"), join(stage, "LICENSE"));
  if (manifest.license.includes("GPL-2.0-only"))
    cpSync(join(repository, "LICENSES/GPL-2.0-only.txt"), join(stage, "LICENSE-GPL-2.0-only"));
  for (const command of Object.values(manifest.bin ?? {}))
    if ((statSync(join(stage, command)).mode & 0o111) === 0) throw new Error(`${command} cannot be executed`);
  const dependencies = { ...manifest.dependencies, ...bundled(manifest.name) };
  const packed = { ...manifest, files: undefined, ...(Object.keys(dependencies).length > 0 ? { dependencies } : {}) };
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(packed, null, 2)}\n`);
}

/**
 * The bundle of the command line contains the code of @isoline/linux, and therefore needs the dependencies of that package.
 * @param {string} name
 */
function bundled(name) {
  if (name !== "isoline") return {};
  const { dependencies } = JSON.parse(readFileSync(join(repository, "packages/linux/package.json"), "utf8"));
  return { koffi: dependencies.koffi };
}
