import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

const NOT_OURS = new Set(["node_modules", "dist", "coverage", "fixtures", "vectors", ".git"]);

/**
 * Every file under a folder, as sorted paths relative to the root, without generated files, recorded data and links.
 *
 * @param {string} root @param {string} folder @returns {string[]} empty when the folder does not exist
 */
export function filesUnder(root, folder) {
  /** @type {string[]} */
  const files = [];
  for (const entry of entriesOf(join(root, folder))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !NOT_OURS.has(entry.name)) files.push(...filesUnder(root, path));
    else if (entry.isFile()) files.push(path);
  }
  return files.sort();
}

/** @param {string} folder */
function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** @param {string} path */
export const isTest = (path) => path.endsWith(".test.ts");

/**
 * @typedef {object} Source
 * @property {string} path relative to the root
 * @property {string} text
 * @property {import("oxc-parser").ParseResult} parsed
 */

/** @param {string} root @param {string} path @returns {Source} */
export function readSource(root, path) {
  const text = readFileSync(join(root, path), "utf8");
  const parsed = parseSync(path, text);
  return { path, text, parsed };
}

/** @param {string} text @param {number} offset @returns {number} the line, from 1 */
export const lineAt = (text, offset) => text.slice(0, offset).split("\n").length;

/**
 * Everything that a source imports, in any form: import, export … from, import(), import types, require, and the file of a
 * worker. A specifier that is not a plain string is `undefined`, because it cannot be checked.
 *
 * @param {Source} source @returns {{ specifier: string | undefined, line: number }[]}
 */
export function importsOf({ path, text, parsed }) {
  if (parsed.errors.length > 0)
    return refuse(`${path}: cannot be parsed: ${parsed.errors.map(({ message }) => message).join("; ")}`);
  /** @type {{ specifier: string | undefined, line: number }[]} */
  const found = [];
  /** @param {{ type: string, start: number, value?: unknown } | null | undefined} node */
  const add = (node) => {
    if (node === null || node === undefined) return;
    found.push({ specifier: typeof node.value === "string" ? node.value : undefined, line: lineAt(text, node.start) });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    TSExternalModuleReference: (node) => add(node.expression),
    CallExpression: ({ callee, arguments: [first] }) => {
      if (callee.type === "Identifier" && callee.name === "require") add(first);
    },
    NewExpression: ({ callee, arguments: [first] }) => {
      const isUrl = callee.type === "Identifier" && callee.name === "URL";
      if (isUrl && first?.type === "Literal" && /^\.{1,2}\/.*\.[jt]s$/.test(String(first.value))) add(first);
    },
  }).visit(parsed.program);
  return found;
}

/** @param {string} message @returns {never} */
function refuse(message) {
  throw new Error(message);
}
