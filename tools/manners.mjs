/** The rules of CONTRIBUTING.md that can be checked mechanically; the others are left to review. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Visitor } from "oxc-parser";
import { filesUnder, isTest, lineAt, readSource } from "./sources.mjs";

const MOST_LINES = 400;
const UNCLEAR_NAMES = new Set(["utils", "util", "helpers", "helper", "common", "misc", "shared", "lib", "types"]);
const FOLDERS = ["packages", "tools", "bench", "test", "examples"];

/** @param {string} root @returns {string[]} */
export function mannersViolations(root) {
  const paths = FOLDERS.flatMap((folder) => filesUnder(root, folder)).filter((path) =>
    /\.(tsx?|mjs|js|css|c|h|py)$/.test(path),
  );
  if (paths.length === 0) return ["no sources found, so there is nothing to check"];
  return paths.flatMap((path) => [...nameViolations(path), ...sourceViolations(root, path)]);
}

/** @param {string} path */
function nameViolations(path) {
  const bad = path
    .split("/")
    .map((part) => part.replace(/\..*$/, ""))
    .find((part) => UNCLEAR_NAMES.has(part));
  return bad === undefined ? [] : [`${path}: "${bad}" does not name what the file contains; use the field's word`];
}

/** @param {string} root @param {string} path */
function sourceViolations(root, path) {
  const lines = readFileSync(join(root, path), "utf8").split("\n").length - 1;
  const long = lines > MOST_LINES ? [`${path}: ${lines} lines; a file has at most ${MOST_LINES}`] : [];
  const shipped = /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !isTest(path);
  return shipped ? [...long, ...bareErrors(readSource(root, path))] : long;
}

/** Thrown errors carry a code that a caller can act on, so a shipped source throws no plain Error. */
function bareErrors(/** @type {import("./sources.mjs").Source} */ { path, text, parsed }) {
  /** @type {string[]} */
  const found = [];
  /** @param {import("oxc-parser").NewExpression | import("oxc-parser").CallExpression} node */
  const judge = ({ start, callee }) => {
    if (callee.type === "Identifier" && ["Error", "TypeError", "RangeError"].includes(callee.name))
      found.push(`${path}:${lineAt(text, start)}: a bare ${callee.name}; throw IsolineError with a code`);
  };
  new Visitor({ NewExpression: judge, CallExpression: judge }).visit(parsed.program);
  return found;
}
