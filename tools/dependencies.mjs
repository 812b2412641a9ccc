/** Every dependency has a line in `docs/dependencies.md`, and is pinned to one version in package.json and in the lockfile. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder } from "./sources.mjs";

const PAGE = "docs/dependencies.md";
const ROW = /^\| `([^`]+)` \|(.*)\|$/;
const COLUMNS = 3;
const KINDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/** @param {string} root @returns {string[]} */
export function dependencyPageViolations(root) {
  return [...pageViolations(root), ...lockfileViolations(root)];
}

/** @param {string} root */
function pageViolations(root) {
  const rows = pageRows(root);
  const used = usedDependencies(root);
  return [
    ...used.flatMap(({ name, version, file }) => [
      ...(rows.has(name) ? [] : [`${file}: "${name}" has no line in ${PAGE}`]),
      ...(/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)
        ? []
        : [`${file}: "${name}" is not pinned to one version: ${version}`]),
    ]),
    ...[...rows].flatMap(([name, cells]) => [
      ...(used.some((one) => one.name === name) ? [] : [`${PAGE}: "${name}" is a dependency of no package`]),
      ...(cells.length === COLUMNS && cells.every((cell) => cell !== "")
        ? []
        : [
            `${PAGE}: "${name}" needs ${COLUMNS} filled cells: what it does for us, why this one, what would replace it`,
          ]),
    ]),
  ];
}

/** @param {string} root @returns {Map<string, string[]>} */
function pageRows(root) {
  const page = existsSync(join(root, PAGE)) ? readFileSync(join(root, PAGE), "utf8") : "";
  const rows = page.split("\n").flatMap((line) => {
    const [, name, rest] = ROW.exec(line) ?? [];
    return name === undefined || rest === undefined ? [] : [/** @type {const} */ ([name, rest])];
  });
  return new Map(rows.map(([name, rest]) => [name, rest.split("|").map((cell) => cell.trim())]));
}

/**
 * @param {string} root
 * @returns {{ name: string, version: string, file: string }[]} all dependencies but this project's own packages
 */
function usedDependencies(root) {
  const files = [
    "package.json",
    ...filesUnder(root, "packages").filter((path) => /^packages\/[^/]+\/package\.json$/.test(path)),
  ];
  const manifests = files.map((file) => ({ file, manifest: JSON.parse(readFileSync(join(root, file), "utf8")) }));
  const ours = new Set(manifests.map(({ manifest }) => manifest.name));
  return manifests.flatMap(({ file, manifest }) =>
    KINDS.flatMap((kind) => Object.entries(/** @type {Record<string, string>} */ (manifest[kind] ?? {})))
      .filter(([name]) => !ours.has(name))
      .map(([name, version]) => ({ name, version, file })),
  );
}

/** The lockfile names no registry, so that any mirror works, and a digest for every package, so that no mirror can change one. */
function lockfileViolations(/** @type {string} */ root) {
  const file = "package-lock.json";
  if (!existsSync(join(root, file))) return [`${file} is missing, so nothing is pinned`];
  /** @type {Record<string, { link?: boolean, resolved?: string, integrity?: string }>} */
  const locked = JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  return Object.entries(locked)
    .filter(([place, { link }]) => place.includes("node_modules/") && !link)
    .flatMap(([place, { resolved, integrity }]) => [
      ...(resolved === undefined ? [] : [`${file}: ${place} is bound to ${resolved}`]),
      ...(integrity?.startsWith("sha512-") ? [] : [`${file}: ${place} has no sha512 digest`]),
    ]);
}
