/**
 * Packs the compiled command line and its threads into few files, so that Node finds and reads little at start-up.
 *
 * Otherwise three threads load a hundred small modules between them: 200 ms to a workload's first instruction instead of 120,
 * measured. Every entry is written to one folder, as `new URL("./…-thread.js", import.meta.url)` expects.
 */
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { keepCode } from "./code-cache.mjs";

const dist = fileURLToPath(new URL("../packages/isoline/dist/", import.meta.url));
const out = `${dist}bundle`;

if (!existsSync(`${dist}../src/cli/main.ts`)) {
  console.log("this tree has no command line to bundle");
  process.exit(0);
}
rmSync(out, { recursive: true, force: true });
/** One bundle for each entry, so that a thread loads nothing that only another thread needs. */
const entries = {
  main: `${dist}cli/main.js`,
  canister: `${dist}canister/main.js`,
  "create-canister": `${dist}agent/create-canister.js`,
  "launch-host": `${dist}launch-host/main.js`,
  "engine-machine": `${dist}launch-host/engine-main.js`,
  "supervise-thread": `${dist}namespace/supervise-thread.js`,
  "shared-thread": `${dist}namespace/shared-thread.js`,
  "engine-thread": `${dist}engine/engine-thread.js`,
  "recorder-thread": `${dist}register/recorder-thread.js`,
  "launch-thread": `${dist}namespace/launch-thread.js`,
  "opener-thread": fileURLToPath(new URL("../packages/linux/dist/sensor/files/opener-thread.js", import.meta.url)),
  "keeper-program": `${dist}namespace/drivers/keeper-program.js`,
  "network-program": fileURLToPath(
    new URL("../packages/linux/dist/sensor/seccomp/hosts/network-program.js", import.meta.url),
  ),
  "listener-thread": fileURLToPath(new URL("../packages/linux/dist/probe/listener-thread.js", import.meta.url)),
};
/**
 * Code from the code cache cannot use import(): V8 no longer knows which module loader it belongs to. What is not bundled is
 * loaded with require() instead, at the same moment.
 */
const requireLate = {
  name: "require-late",
  /** @param {string} code */
  renderChunk: (code) => code.replace(/\bimport\((["'][^"'.]+["'])\)/g, "Promise.resolve().then(() => require($1))"),
};
/** What only the bpf sensor needs is loaded on first use, although the index of its package exports it. */
const apart = {
  includeDependenciesRecursively: false,
  groups: [{ name: "bpf-sensor", test: /\/linux\/dist\/(sensor\/bpf|libbpf|abi\/libbpf)/ }],
};
for (const [name, path] of Object.entries(entries)) {
  const build = await rolldown({
    input: { [name]: path },
    platform: "node",
    // Packages with native code stay outside the bundle, and so do packages that only slow commands load.
    external: ["koffi", "yaml", "@isoline/verifier", /^@opentelemetry\//],
    // None of our modules, and none of the runtime's, is imported for a side effect alone.
    treeshake: { moduleSideEffects: false },
    preserveEntrySignatures: name === "supervise-thread" ? "allow-extension" : "exports-only",
    onLog: (level, log) => {
      // A module that is required on first use keeps the line it stood in.
      if (level === "warn" && log.code !== "SOURCEMAP_BROKEN") throw new Error(`bundling: ${log.message}`);
    },
  });
  const { output } = await build.write({
    dir: out,
    // The compiled code of scripts can be cached; that of modules cannot.
    format: "cjs",
    entryFileNames: "[name]-code.js",
    chunkFileNames: `${name}-[name]-[hash].js`,
    // A script from the code cache cannot use import(): Node gives it no module loader.
    dynamicImportInCjs: false,
    // Comments and white space only take time to read. Names stay, so that stack traces remain readable.
    codeSplitting: name === "supervise-thread" ? apart : true,
    minify: { compress: false, mangle: false },
    // Text in Latin-1 need not be decoded, and takes half the memory (tools/loader.cjs).
    charset: "ascii",
    sourcemap: true,
    plugins: [requireLate],
  });
  await build.close();
  for (const { fileName, ...file } of output)
    if ("code" in file && /[^\0-\x7f]/.test(file.code))
      throw new Error(`bundling: expected only ASCII in ${fileName}, because the loader reads it as Latin-1`);
  writeFileSync(`${out}/${name}.js`, `require("./load.js").load("${name}-code.js");\n`);
}
writeFileSync(`${out}/package.json`, `${JSON.stringify({ type: "commonjs" })}\n`);
copyFileSync(fileURLToPath(new URL("./loader.cjs", import.meta.url)), `${out}/load.js`);
await keepCode(out);
