/**
 * Loads what is bundled beside this file, as `require` would, but compiled before: from the code that V8 kept when the bundle
 * was made (tools/code-cache.mjs). V8 takes it from any build of its own version, but another build may number its parts
 * otherwise: so it is given only to the very Node that kept it. Any other compiles anew, which only takes longer.
 */
"use strict";
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");

const isKeptForUs = kept("kept-for")?.toString() === process.arch + JSON.stringify(process.versions);

/** @type {Map<string, { exports: unknown, script: import("node:vm").Script }>} */
const loaded = new Map();

/** @param {string} name a file of this folder @returns {unknown} */
function load(name) {
  const before = loaded.get(name);
  if (before !== undefined) return before.exports;
  const filename = `${__dirname}/${name}`;
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "utf8")}\n})`;
  const script = new Script(source, { filename, cachedData: isKeptForUs ? kept(`${name}.cache`) : undefined });
  const module = { exports: {}, script };
  loaded.set(name, module);
  const demand = (/** @type {string} */ id) => (id.startsWith("./") ? load(id.slice(2)) : require(id));
  script.runInThisContext()(module.exports, demand, module, filename, __dirname);
  return module.exports;
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
