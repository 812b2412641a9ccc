/** The layer check: who may import whom. */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { filesUnder, importsOf, isTest, readSource } from "./sources.mjs";

/**
 * The house, from the ground up. A room is the first name under a package's `src`; it may import itself, the rooms above
 * it in this list that belong to the same package, and from outside only what its row allows. What has no row has no place.
 *
 * @type {readonly (readonly [pack: string, room: string, outside: readonly string[]])[]}
 */
const house = [
  ["core", "error", []],
  ["core", "digest", ["node:crypto"]],
  ["core", "event", []],
  ["core", "identity", []],
  ["core", "profile", []],
  ["core", "contour", []],
  ["core", "engine", []],
  ["core", "index", []],

  ["linux", "error", ["@isoline/core"]],
  ["linux", "abi", ["@isoline/core", "node:*", "koffi"]],
  ["linux", "process", ["@isoline/core", "node:fs"]],
  ["linux", "libbpf", ["@isoline/core", "node:*"]],
  ["linux", "sensor", ["@isoline/core", "node:*"]],
  ["linux", "landlock", ["@isoline/core", "node:*"]],
  ["linux", "probe", ["@isoline/core", "node:*"]],
  ["linux", "index", []],

  ["isoline", "error", ["@isoline/core", "@isoline/linux"]],
  ["isoline", "store", ["@isoline/core", "@isoline/linux", "node:*", "yaml"]],
  ["isoline", "integrity", ["@isoline/core", "@isoline/linux", "node:crypto", "node:fs", "node:os"]],
  ["isoline", "namespace", ["@isoline/core", "@isoline/linux", "node:*"]],
  ["isoline", "control", ["@isoline/core", "@isoline/linux", "node:*"]],
  ["isoline", "canister", ["@isoline/core", "@isoline/linux", "node:*", "yaml"]],
  ["isoline", "demo", ["@isoline/core", "node:*"]],
  ["isoline", "cli", ["@isoline/core", "@isoline/linux", "node:*", "commander", "yaml"]],
  ["isoline", "index", []],
];

const packages = [...new Set(house.map(([pack]) => pack))];

/** @param {string} root @returns {string[]} one line for each violation; none for a tree in order */
export function layerViolations(root) {
  return [...packages.flatMap((pack) => violationsIn(root, pack)), ...dependencyViolations(root)];
}

/** @param {string} root @param {string} pack */
function violationsIn(root, pack) {
  const folder = `packages/${pack}/src`;
  const paths = filesUnder(root, folder).filter((path) => path.endsWith(".ts") && !isTest(path));
  if (paths.length === 0) return [`${folder}: no sources found, so nothing can be said about them`];

  /** @type {string[]} */
  const violations = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const path of paths) {
    if (floorOf(path) === undefined)
      violations.push(`${path}: "${roomOf(path)}" is no room of the table in tools/layers.mjs`);
    const inside = [];
    for (const { specifier, line } of importsOf(readSource(root, path))) {
      const complaint = judge(path, specifier);
      if (complaint !== undefined) violations.push(`${path}:${line}: ${complaint}`);
      if (specifier?.startsWith(".")) inside.push(target(path, specifier));
    }
    graph.set(path, inside);
  }
  return [...violations, ...circlesBetweenRooms(graph)];
}

/**
 * @param {string} path @param {string | undefined} specifier
 * @returns {string | undefined} what is wrong with this import
 */
function judge(path, specifier) {
  if (specifier === undefined) return "imports something that is not written out, so nobody can say what";
  if (!specifier.startsWith(".")) {
    const row = rowOf(path);
    if (row === undefined || row[2].some((allowed) => matches(allowed, specifier))) return undefined;
    return `${row[0]}/${row[1]} may not import "${specifier}"`;
  }
  const to = target(path, specifier);
  if (packageOf(to) !== packageOf(path)) return `leaves its package by a path: "${specifier}"`;
  const from = floorOf(path);
  const floor = floorOf(to);
  if (floor === undefined) return `"${specifier}" is in no room of the table in tools/layers.mjs`;
  if (from !== undefined && floor > from) return `imports upwards: ${roomOf(path)} → ${roomOf(to)}`;
  return undefined;
}

/**
 * Files of different folders that need each other, directly or around corners, are one room that was cut in two.
 *
 * @param {Map<string, string[]>} graph @returns {string[]}
 */
function circlesBetweenRooms(graph) {
  /** @type {string[]} */
  const violations = [];
  for (const [path, imports] of graph) {
    for (const other of imports) {
      if (dirname(other) !== dirname(path) && reachableFrom(graph, other).has(path))
        violations.push(`${path}: needs ${other}, which needs it in turn`);
    }
  }
  return violations;
}

/** @param {Map<string, string[]>} graph @param {string} start */
function reachableFrom(graph, start) {
  const seen = new Set();
  const open = [...(graph.get(start) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return seen;
}

/** A package lists only what its rows let some room of it import, so that its dependency closure stays what it says. */
function dependencyViolations(/** @type {string} */ root) {
  return packages.flatMap((pack) => {
    const allowed = house.filter(([owner]) => owner === pack).flatMap(([, , outside]) => outside);
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, `packages/${pack}/package.json`), "utf8"));
    return Object.keys(dependencies)
      .filter((name) => !allowed.includes(name))
      .map((name) => `packages/${pack}/package.json: no room of it may import "${name}"`);
  });
}

/** @param {string} allowed @param {string} specifier */
const matches = (allowed, specifier) =>
  allowed.endsWith("*") ? specifier.startsWith(allowed.slice(0, -1)) : specifier === allowed;

/** @param {string} path @param {string} specifier */
const target = (path, specifier) => normalize(join(dirname(path), specifier));

/** @param {string} path */
const packageOf = (path) => /^packages\/([^/]+)\/src\//.exec(path)?.[1];

/** @param {string} path */
const roomOf = (path) => /^packages\/[^/]+\/src\/([^/.]+)/.exec(path)?.[1] ?? path;

/** @param {string} path */
function floorOf(path) {
  const floor = house.findIndex(([pack, room]) => pack === packageOf(path) && room === roomOf(path));
  return floor === -1 ? undefined : floor;
}

/** @param {string} path */
const rowOf = (path) => house[floorOf(path) ?? -1];
