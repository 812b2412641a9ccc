/**
 * Loads the bundled files beside this one as `require` would, from the compiled code that V8 stored when the bundle was made
 * (tools/code-cache.mjs). V8 accepts such code from any build of its own version, but another build may number its internals
 * differently. So the stored code is used only by the Node binary that stored it. Any other Node compiles the files again,
 * which only takes longer.
 */
"use strict";
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");

/** Which Node binary the stored code belongs to, and which version of koffi the bundle was made with. */
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
 * Returns what koffi itself would load, except for its deprecated names. koffi searches for its native module through four
 * modules, which takes each thread 4 ms. Returns undefined where the packages are laid out differently or the version differs;
 * then koffi searches itself.
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
