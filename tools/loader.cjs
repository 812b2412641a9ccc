/**
 * Loads what is bundled beside this file, as `require` would, but compiled before: from the code that V8 kept when the bundle
 * was made (tools/code-cache.mjs). Another V8 than that one refuses it and compiles anew, which only takes longer.
 */
"use strict";
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");

/** @type {Map<string, { exports: unknown, script: import("node:vm").Script }>} */
const loaded = new Map();

/** @param {string} name a file of this folder @returns {unknown} */
function load(name) {
  const before = loaded.get(name);
  if (before !== undefined) return before.exports;
  const filename = `${__dirname}/${name}`;
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "utf8")}\n})`;
  const script = new Script(source, { filename, cachedData: kept(`${filename}.cache`) });
  const module = { exports: {}, script };
  loaded.set(name, module);
  const demand = (/** @type {string} */ id) => (id.startsWith("./") ? load(id.slice(2)) : require(id));
  script.runInThisContext()(module.exports, demand, module, filename, __dirname);
  return module.exports;
}

/** @param {string} file */
function kept(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { load, loaded };
