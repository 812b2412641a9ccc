/**
 * Loads what is bundled beside this file, as `require` would, but compiled before: from the code that V8 kept when the bundle
 * was made (tools/code-cache.mjs). V8 takes it from any build of its own version, but another build may number its parts
 * otherwise: so it is given only to the very Node that kept it. Any other compiles anew, which only takes longer.
 */
"use strict";
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");

/** Which Node the code was kept for, and which koffi the bundle was made with. */
const [keeper, koffi] = kept("kept-for")?.toString().split("\n") ?? [];
const isKeptForUs = keeper === process.arch + JSON.stringify(process.versions);

/** @type {Map<string, { exports: unknown, script: import("node:vm").Script }>} */
const loaded = new Map();

/** @param {string} name a file of this folder @returns {unknown} */
function load(name) {
  const before = loaded.get(name);
  if (before !== undefined) return before.exports;
  const filename = `${__dirname}/${name}`;
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "latin1")}\n})`;
  const script = new Script(source, { filename, cachedData: isKeptForUs ? kept(`${name}.cache`) : undefined });
  const module = { exports: {}, script };
  loaded.set(name, module);
  const demand = (/** @type {string} */ id) => {
    if (id.startsWith("./")) return load(id.slice(2));
    return (id === "koffi" ? nativeKoffi() : undefined) ?? require(id);
  };
  script.runInThisContext()(module.exports, demand, module, filename, __dirname);
  return module.exports;
}

/**
 * What koffi itself would give, but for names that it has given up: it looks for it through four modules, which takes each
 * thread 4 ms. Undefined where packages are laid out otherwise or it is of another version; then koffi looks itself.
 */
function nativeKoffi() {
  try {
    const native = require(`@koromix/koffi-${process.platform}-${process.arch}/${process.platform}_${process.arch}/koffi.node`);
    return native.version === koffi ? native : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} name */
function kept(name) {
  try {
    return readFileSync(`${__dirname}/${name}`);
  } catch {
    return undefined;
  }
}

module.exports = { load, loaded };
