/**
 * Builds the page of a fleet (`packages/dashboard`) into static files, `packages/dashboard/dist`: one script and one style sheet with
 * their digests in their names. Nothing is done where its sources, and the versions of what it is built with, are as they were.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./run.mjs";
import { filesUnder, isTest } from "./sources.mjs";

const page = join(repository, "packages/dashboard");
const dist = join(page, "dist");
const note = join(dist, "built-from");

if (!existsSync(join(page, "index.html"))) {
  console.log("this tree has no page to build");
  process.exit(0);
}
const from = sourcesDigest();
if (existsSync(note) && readFileSync(note, "utf8") === from) process.exit(0);

rmSync(dist, { recursive: true, force: true });
const { build } = await import("vite");
await build({
  configFile: false,
  root: page,
  // Relative, so that the page also works behind a path of a proxy.
  base: "./",
  publicDir: false,
  logLevel: "warn",
  // In place of sources that are not compiled yet, the compiled form: tsc -b was here before.
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    target: "es2023",
    // The policy of the page forbids addresses that hold the file themselves, and scripts within the document.
    assetsInlineLimit: 0,
    // Preact, signals and uPlot ask that their licence goes along with their code.
    license: { fileName: "licences.md" },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The questions of the checks are taken from @isoline/attest, and nothing else of it.
    rolldownOptions: {
      checks: { bundlerTimings: false },
      treeshake: { moduleSideEffects: (id) => /\/packages\/dashboard\/|\.css$/.test(id) },
    },
  },
});
writeFileSync(note, from);

function sourcesDigest() {
  const hash = createHash("sha256");
  const questions = "packages/attest/dist/appraise/findings.js";
  const sources = ["packages/dashboard/index.html", "packages/dashboard/tsconfig.json", "tools/page.mjs", questions];
  for (const path of [...sources, ...filesUnder(repository, "packages/dashboard/src").filter((file) => !isTest(file))])
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(repository, path)))
      .update("\0");
  const { devDependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  for (const name of ["vite", "preact", "@preact/signals", "uplot"]) hash.update(`${name} ${devDependencies[name]}\0`);
  return hash.digest("hex");
}
