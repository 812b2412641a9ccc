/**
 * Packs the compiled command line and its threads into few files, so that little has to be found and read at start-up.
 *
 * Three threads load a hundred small modules between them otherwise: 200 ms to a workload's first instruction instead of
 * 120, measured. Every entry lands in one folder, as `new URL("./…-thread.js", import.meta.url)` expects.
 */
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { keepCode } from "./code-cache.mjs";

const dist = fileURLToPath(new URL("../packages/isoline/dist/", import.meta.url));
const out = `${dist}bundle`;

if (!existsSync(`${dist}../src/cli/main.ts`)) {
  console.log("no command line in this tree, so nothing to bundle");
  process.exit(0);
}
rmSync(out, { recursive: true, force: true });
/** One by one, so that a thread loads nothing that only another needs. */
const entries = {
  main: `${dist}cli/main.js`,
  canister: `${dist}canister/main.js`,
  "supervise-thread": `${dist}namespace/supervise-thread.js`,
  "launch-thread": `${dist}namespace/launch-thread.js`,
  "opener-thread": fileURLToPath(new URL("../packages/linux/dist/sensor/files/opener-thread.js", import.meta.url)),
  "keeper-program": `${dist}namespace/keeper-program.js`,
  "listener-thread": fileURLToPath(new URL("../packages/linux/dist/probe/listener-thread.js", import.meta.url)),
};
/** Code that was kept cannot import (V8 has forgotten by whom it was loaded), so what is not bundled is required there, as late. */
const requireLate = {
  name: "require-late",
  /** @param {string} code */
  renderChunk: (code) => code.replace(/\bimport\((["'][^"'.]+["'])\)/g, "Promise.resolve().then(() => require($1))"),
};
/** What only the bpf sensor needs is loaded when somebody uses it, though the index of its package names it. */
const apart = {
  includeDependenciesRecursively: false,
  groups: [{ name: "kernel-half", test: /\/linux\/dist\/(sensor\/bpf|libbpf|abi\/libbpf)/ }],
};
/** Those that wait at their top level can only be modules; the others are scripts, whose compiled code can be kept. */
const modules = ["main"];
for (const [name, path] of Object.entries(entries)) {
  const isModule = modules.includes(name);
  const build = await rolldown({
    input: { [name]: path },
    platform: "node",
    // What carries native code, or is only loaded by commands that have time, stays a package of its own.
    external: ["koffi", "commander", "yaml"],
    // Nothing here, and nothing of the runtime, is needed for what it does when it is merely loaded.
    treeshake: { moduleSideEffects: false },
    preserveEntrySignatures: name === "supervise-thread" ? "allow-extension" : "exports-only",
    onLog: (level, log) => {
      // What is required late stands in the line that it stood in.
      if (level === "warn" && log.code !== "SOURCEMAP_BROKEN") throw new Error(`bundling: ${log.message}`);
    },
  });
  const { output } = await build.write({
    dir: out,
    format: isModule ? "esm" : "cjs",
    entryFileNames: isModule ? "[name].mjs" : "[name]-code.js",
    chunkFileNames: `${name}-[name]-[hash].${isModule ? "mjs" : "js"}`,
    // A script whose compiled code was kept cannot import anything: Node tells it of no loader.
    dynamicImportInCjs: false,
    // Comments and blanks would only be read. Names stay, for whoever has to read a trace.
    codeSplitting: name === "supervise-thread" ? apart : true,
    minify: { compress: false, mangle: false },
    // Text of one byte a letter need not be decoded, and is not kept twice as large (tools/loader.cjs).
    charset: "ascii",
    sourcemap: true,
    plugins: isModule ? [] : [requireLate],
  });
  await build.close();
  for (const { fileName, ...file } of output)
    if (!isModule && "code" in file && /[^\0-\x7f]/.test(file.code))
      throw new Error(`bundling: expected ASCII alone in ${fileName}, which is read as such`);
  if (!isModule) writeFileSync(`${out}/${name}.js`, `require("./load.js").load("${name}-code.js");\n`);
}
writeFileSync(`${out}/package.json`, `${JSON.stringify({ type: "commonjs" })}\n`);
copyFileSync(fileURLToPath(new URL("./loader.cjs", import.meta.url)), `${out}/load.js`);
keepCode(out);
