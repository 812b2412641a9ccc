/** The layer check: which folder may import which. */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { filesUnder, importsOf, isTest, readSource } from "./sources.mjs";

/** The subpaths of the core. Its root is for users; the packages here name the folder that they mean. */
const core = [
  "bounded",
  "loopback",
  "error",
  "digest",
  "verify",
  "event",
  "identity",
  "profile",
  "contour",
  "evidence",
  "engine",
  "generalise",
].map((folder) => `@isoline/core/${folder}`);

/** The subpaths of the attest package. It has no root: a program names what it verifies with. */
const attest = [
  ...["error", "tpm", "boot", "enrol", "register", "birth", "tee", "evidence", "appraise", "x509", "otlp"],
].map((folder) => `@isoline/attest/${folder}`);

/** The subpaths of the log package. */
const log = ["error", "tree", "note", "tiles", "proof", "writer", "mirror", "statement", "monitor", "witness"].map(
  (folder) => `@isoline/log/${folder}`,
);
const otlp = ["api", "otlp-transformer", "resources", "sdk-metrics"].map((name) => `@opentelemetry/${name}`);

/**
 * The layers, from the lowest to the highest. A row is a folder: the first name under a package's `src`. A folder may import
 * itself, the folders of the same package that stand above it in this list, and from other packages only what its row allows. A
 * folder without a row is refused.
 *
 * @type {readonly (readonly [pack: string, folder: string, outside: readonly string[]])[]}
 */
const layers = [
  ["core", "bounded", []],
  ["core", "loopback", []],
  ["core", "error", []],
  ["core", "digest", ["node:crypto"]],
  ["core", "verify", []],
  ["core", "event", []],
  ["core", "identity", []],
  ["core", "profile", []],
  ["core", "contour", []],
  ["core", "evidence", []],
  ["core", "engine", []],
  ["core", "generalise", []],
  ["core", "index", []],

  ["attest", "error", core],
  ["attest", "otlp", ["@isoline/core/bounded", "node:dns", "node:http", "node:https", "node:net"]],
  ["attest", "cbor", ["cborg"]],
  ["attest", "x509", ["@noble/hashes/*"]],
  [
    "attest",
    "tpm",
    [...core, "@noble/hashes/*", "node:crypto", "node:fs/promises", "node:net", "node:timers/promises"],
  ],
  ["attest", "boot", ["@noble/hashes/*"]],
  ["attest", "register", ["@noble/hashes/*"]],
  ["attest", "birth", ["node:crypto"]],
  ["attest", "tee", ["@noble/hashes/*"]],
  ["attest", "evidence", ["@isoline/core/verify", "@noble/hashes/*"]],
  ["attest", "enrol", ["@noble/hashes/*", "node:crypto"]],
  ["attest", "appraise", [...core, "@noble/hashes/*", "jose", "yaml"]],

  ["log", "error", core],
  ["log", "tree", ["@isoline/core/verify", "node:crypto"]],
  ["log", "note", ["@noble/post-quantum/*", "node:crypto"]],
  ["log", "tiles", []],
  ["log", "proof", []],
  [
    "log",
    "store",
    [
      "@isoline/core/bounded",
      "@isoline/core/loopback",
      "aws4fetch",
      "node:crypto",
      "node:fs",
      "node:path",
      "node:timers/promises",
    ],
  ],
  ["log", "writer", []],
  ["log", "mirror", []],
  ["log", "statement", []],
  ["log", "monitor", []],
  ["log", "witness", ["@isoline/core/bounded", "node:crypto", "node:http"]],

  ["linux", "error", core],
  ["linux", "abi", [...core, "node:*", "koffi"]],
  ["linux", "process", [...core, "node:fs", "node:path"]],
  ["linux", "mitigations", [...core, "node:fs", "node:util"]],
  ["linux", "libbpf", [...core, "node:*"]],
  ["linux", "sensor", [...core, "node:*"]],
  ["linux", "landlock", [...core, "node:*"]],
  ["linux", "probe", [...core, "node:*"]],
  ["linux", "index", []],

  // The page of a fleet: built by Vite, checked by this table like the others.
  ["dashboard", "text", []],
  ["dashboard", "model", ["@isoline/attest/appraise", "@isoline/verifier"]],
  ["dashboard", "wire", ["@isoline/verifier", "@preact/signals"]],
  ["dashboard", "fleet", ["@isoline/verifier", "@preact/signals", "preact/hooks"]],
  ["dashboard", "layout", ["@isoline/verifier"]],
  ["dashboard", "place", ["@preact/signals"]],
  [
    "dashboard",
    "parts",
    ["@isoline/verifier", "@preact/signals", "preact", "preact/hooks", "uplot", "uplot/dist/uPlot.min.css"],
  ],
  ["dashboard", "pages", ["@isoline/verifier", "@preact/signals", "preact", "preact/hooks"]],
  ["dashboard", "style", []],
  ["dashboard", "main", ["preact", "preact/hooks"]],

  ["verifier", "error", core],
  ["verifier", "challenge", ["node:crypto"]],
  ["verifier", "svid", ["@isoline/attest/error", "@isoline/attest/x509", "node:crypto"]],
  [
    "verifier",
    "store",
    [
      "@electric-sql/pglite",
      "@electric-sql/pglite/*",
      "@isoline/linux",
      "@isoline/log/statement",
      "kysely",
      "node:*",
      "pg",
    ],
  ],
  ["verifier", "fleet", [...core, ...attest, "@isoline/log/statement", "node:*"]],
  ["verifier", "transparency", [...log, "@isoline/linux", "node:*"]],
  ["verifier", "changes", ["@nats-io/jetstream", "@nats-io/transport-node", "node:*"]],
  ["verifier", "access", ["@isoline/core/bounded", "@isoline/core/loopback", "jose", "node:*"]],
  ["verifier", "otlp", ["@isoline/attest/otlp", ...otlp, "node:os"]],
  ["verifier", "http", [...core, ...attest, "@hono/zod-openapi", "hono", "hono/*", "node:*", "prom-client"]],
  [
    "verifier",
    "serve",
    [
      ...["@isoline/dashboard", "@isoline/linux", "@isoline/log/proof", "@isoline/log/writer", ...core, ...attest],
      ...["@hono/node-server", "node:*", "zod"],
    ],
  ],
  ["verifier", "index", []],

  ["isoline", "error", [...core, "@isoline/linux"]],
  ["isoline", "store", [...core, "@isoline/linux", "node:*", "yaml"]],
  ["isoline", "integrity", [...core, "@isoline/linux", "node:crypto", "node:fs", "node:os"]],
  ["isoline", "wire", [...core, ...attest, "@isoline/linux", "node:crypto", "node:fs"]],
  ["isoline", "register", [...core, ...attest, "@isoline/linux", "node:*"]],
  ["isoline", "namespace", [...core, ...attest, "@isoline/linux", "node:*"]],
  ["isoline", "export", [...core, "@isoline/linux", "yaml"]],
  ["isoline", "prior", core],
  ["isoline", "control", [...core, "@isoline/linux", "node:*"]],
  ["isoline", "library", [...core, ...attest, "@isoline/linux", "node:*"]],
  ["isoline", "engine", [...core, "@isoline/linux", "node:*"]],
  ["isoline", "canister", [...core, ...attest, "@isoline/linux", "node:*", "yaml"]],
  ["isoline", "attest", [...core, ...attest, "@isoline/linux", "node:*"]],
  ["isoline", "transparency", [...core, ...log, "@isoline/linux", "node:*"]],
  ["isoline", "launch-host", [...core, "@isoline/linux", "node:*"]],
  ["isoline", "agent", [...core, ...attest, "@isoline/linux", ...otlp, "node:*", "prom-client"]],
  ["isoline", "service", ["node:*"]],
  ["isoline", "fleet", [...core, ...attest, "@isoline/linux", "node:*"]],
  ["isoline", "demo", [...core, ...log, "node:*"]],
  [
    "isoline",
    "cli",
    [...core, ...attest, ...log, "@isoline/linux", "@isoline/verifier", "node:*", "commander", "yaml"],
  ],
  ["isoline", "index", core],
];

/**
 * Layers within a folder, from the lowest to the highest, by the names of folders and files. What stands in one row does not import each
 * other.
 *
 * @type {Readonly<Record<string, readonly (readonly string[])[]>>}
 */
const within = {
  "packages/linux/src/sensor/seccomp": [
    ["listener", "tasks", "urgency.ts"],
    ["surroundings", "perform", "turns.ts"],
    ["paths", "hosts", "building.ts"],
    ["context.ts"],
    ["calls"],
    ["sensor.ts"],
  ],
};

/**
 * Folders that import nothing of each other, in neither direction. Either sensor is there without the other.
 *
 * @type {readonly (readonly [one: string, other: string])[]}
 */
const apart = [["packages/linux/src/sensor/bpf/", "packages/linux/src/sensor/seccomp/"]];

const packages = [...new Set(layers.map(([pack]) => pack))];

/** @param {string} root @returns {string[]} one line for each violation */
export function layerViolations(root) {
  return [...packages.flatMap((pack) => violationsIn(root, pack)), ...dependencyViolations(root)];
}

/** @param {string} root @param {string} pack */
function violationsIn(root, pack) {
  const folder = `packages/${pack}/src`;
  const paths = filesUnder(root, folder).filter((path) => /\.tsx?$/.test(path) && !isTest(path));
  if (paths.length === 0) return [`${folder}: no sources found, so there is nothing to check`];

  /** @type {string[]} */
  const violations = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const path of paths) {
    if (layerOf(path) === undefined)
      violations.push(`${path}: "${folderOf(path)}" has no row in the table of tools/layers.mjs`);
    const inside = [];
    for (const { specifier, line } of importsOf(readSource(root, path))) {
      const complaint = judge(path, specifier);
      if (complaint !== undefined) violations.push(`${path}:${line}: ${complaint}`);
      if (specifier?.startsWith(".")) inside.push(target(path, specifier));
    }
    graph.set(path, inside);
  }
  return [...violations, ...importCircles(graph)];
}

/**
 * @param {string} path @param {string | undefined} specifier
 * @returns {string | undefined} the reason why this import is refused
 */
function judge(path, specifier) {
  if (specifier === undefined) return "imports by a computed name, which cannot be checked";
  if (!specifier.startsWith(".")) {
    const row = rowOf(path);
    if (row === undefined || row[2].some((allowed) => matches(allowed, specifier))) return undefined;
    return `${row[0]}/${row[1]} may not import "${specifier}"`;
  }
  const to = target(path, specifier);
  if (packageOf(to) !== packageOf(path)) return `imports another package by a path: "${specifier}"`;
  const from = layerOf(path);
  const layer = layerOf(to);
  if (layer === undefined) return `"${specifier}" is in no folder of the table in tools/layers.mjs`;
  if (from !== undefined && layer > from) return `imports upwards: ${folderOf(path)} → ${folderOf(to)}`;
  if (apart.some(([one, other]) => leads(path, to, one, other) || leads(path, to, other, one)))
    return `imports what it has to stand without: "${specifier}"`;
  return Object.keys(within)
    .map((folder) => judgeWithin(folder, path, to))
    .find((complaint) => complaint !== undefined);
}

/** @param {string} path @param {string} to @param {string} one @param {string} other */
const leads = (path, to, one, other) => path.startsWith(one) && to.startsWith(other);

/** @param {string} folder @param {string} path @param {string} to @returns {string | undefined} */
function judgeWithin(folder, path, to) {
  if (!path.startsWith(`${folder}/`) || !to.startsWith(`${folder}/`)) return undefined;
  const nameIn = (/** @type {string} */ file) => file.slice(folder.length + 1).split("/")[0] ?? "";
  const rowIn = (/** @type {string} */ file) => within[folder]?.findIndex((row) => row.includes(nameIn(file))) ?? -1;
  if (nameIn(path) === nameIn(to)) return undefined;
  if (rowIn(path) === -1 || rowIn(to) === -1)
    return `"${nameIn(rowIn(path) === -1 ? path : to)}" has no row within ${folder}`;
  return rowIn(to) < rowIn(path) ? undefined : `imports upwards within ${folder}: ${nameIn(path)} → ${nameIn(to)}`;
}

/**
 * Finds files that import each other, directly or through others.
 *
 * @param {Map<string, string[]>} graph @returns {string[]}
 */
function importCircles(graph) {
  /** @type {string[]} */
  const violations = [];
  for (const [path, imports] of graph) {
    for (const other of imports) {
      if (other === path || reachableFrom(graph, other).has(path))
        violations.push(`${path}: imports ${other}, which imports it in turn`);
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

/**
 * A package lists only dependencies that one of its folders may import, so that its dependency closure stays what the table
 * says.
 */
function dependencyViolations(/** @type {string} */ root) {
  return packages.flatMap((pack) => {
    const allowed = layers.filter(([owner]) => owner === pack).flatMap(([, , outside]) => outside);
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, `packages/${pack}/package.json`), "utf8"));
    return Object.keys(dependencies)
      .filter((name) => !allowed.some((specifier) => specifier === name || specifier.startsWith(`${name}/`)))
      .map((name) => `packages/${pack}/package.json: none of its folders may import "${name}"`);
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
const folderOf = (path) => /^packages\/[^/]+\/src\/([^/.]+)/.exec(path)?.[1] ?? path;

/** @param {string} path */
function layerOf(path) {
  const layer = layers.findIndex(([pack, folder]) => pack === packageOf(path) && folder === folderOf(path));
  return layer === -1 ? undefined : layer;
}

/** @param {string} path */
const rowOf = (path) => layers[layerOf(path) ?? -1];
