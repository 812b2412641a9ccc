import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository, run } from "./run.mjs";

const FLOOR = [20, 19];

/** The reason why this version of Node cannot run the project, or nothing. */
export function nodeTooOld(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [floorMajor = 0, floorMinor = 0] = FLOOR;
  const enough = major > floorMajor || (major === floorMajor && minor >= floorMinor);
  return enough ? undefined : `expected Node ${FLOOR.join(".")} or newer, got ${version}`;
}

/** Installs exactly what the lockfile names, unless it is installed already. */
export function installDependencies() {
  return run(["npm", "ci", "--include=dev", "--no-audit", "--no-fund"], { limitSeconds: 300 });
}

/**
 * The reason why `npm ci` has to run, or nothing when node_modules holds what the lockfile names.
 *
 * npm leaves a record of what it installed in node_modules. Comparing it with the lockfile is cheap, and finds an installation
 * that is missing, interrupted or outdated.
 */
export function staleInstallation(root = repository) {
  const wanted = lockedPackages(join(root, "package-lock.json"));
  if (wanted === undefined) return "package-lock.json cannot be read";
  const here = lockedPackages(join(root, "node_modules/.package-lock.json"));
  if (here === undefined) return "nothing is installed yet";
  for (const [place, entry] of Object.entries(wanted)) {
    if (!place.includes("node_modules/")) continue;
    const found = here[place];
    if (found === undefined) {
      if (neededHere(entry)) return `${place} is missing`;
    } else if (found.integrity !== entry.integrity || found.version !== entry.version) {
      return `${place} is ${found.version}, the lockfile says ${entry.version}`;
    }
  }
  const extra = Object.keys(here).find((place) => place.includes("node_modules/") && wanted[place] === undefined);
  return extra === undefined ? undefined : `${extra} is not in the lockfile`;
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Locked
 * @param {string} file
 * @returns {Record<string, Locked> | undefined}
 */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/**
 * A native package that names this machine's platform is required here. Other optional packages may be missing.
 *
 * @param {Locked} entry
 */
function neededHere({ optional, os, cpu, libc }) {
  if (!optional) return true;
  if (os === undefined) return false;
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  const ourLibc = header.glibcVersionRuntime === undefined ? "musl" : "glibc";
  return os.includes(process.platform) && (cpu?.includes(process.arch) ?? true) && (libc?.includes(ourLibc) ?? true);
}
