/**
 * npm lockfiles (package-lock.json, version 2 and 3). What a package holds is read from npm's cache, by the digest that the
 * lockfile has for it; what is not there cannot be predicted.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../error.ts";
import { readRegular } from "../../store/bounded-file.ts";
import { below, together, type Tree, type Versions } from "./trees.ts";
import { archiveTree } from "./unpack.ts";

const MOST_LOCKFILE_BYTES = 64 * 1024 * 1024;
const INTEGRITY = /^sha512-([A-Za-z0-9+/]{86}==)$/;

interface Package {
  readonly version: string;
  readonly integrity: string | undefined;
}

/** The trees of the packages that differ, each at its place below `node_modules`. */
export function lockfileTrees(from: string, to: string, cache = join(homedir(), ".npm")): Versions {
  const [before, after] = [packagesIn(from), packagesIn(to)];
  const differing = [...before].filter(([place, { integrity }]) => {
    const now = after.get(place);
    return now === undefined || now.integrity !== integrity || integrity === undefined;
  });
  const treesOf = (packages: ReadonlyMap<string, Package>, of: readonly string[]) =>
    together(
      of.flatMap((place) => (packages.has(place) ? [packageTree(place, packages.get(place) as Package, cache)] : [])),
    );
  const places = differing.map(([place]) => place);
  const added = [...after.keys()].filter((place) => !before.has(place));
  return { from: treesOf(before, places), to: treesOf(after, [...places, ...added]) };
}

function packagesIn(file: string): ReadonlyMap<string, Package> {
  const bytes = readRegular(file, MOST_LOCKFILE_BYTES, "an npm lockfile");
  let packages: unknown;
  try {
    ({ packages } = JSON.parse(bytes.toString("utf8")) as { packages?: unknown });
  } catch (fault) {
    throw notALockfile(file, (fault as Error).message);
  }
  if (typeof packages !== "object" || packages === null) throw notALockfile(file, "it has no packages");
  return new Map(
    Object.entries(packages).flatMap(([place, entry]: [string, unknown]) => {
      const { version, integrity, link } = (entry ?? {}) as Readonly<Record<string, unknown>>;
      // The project itself, and links to directories of it.
      if (!place.startsWith("node_modules/") || link === true || place.split("/").includes("..")) return [];
      const known = typeof integrity === "string" ? integrity : undefined;
      return [[place, { version: String(version), integrity: known }] as const];
    }),
  );
}

function packageTree(place: string, { version, integrity }: Package, cache: string): Tree {
  const archive = cached(integrity, cache);
  if (archive !== undefined) return below(archiveTree(archive, 1), place);
  const unread = `${place} ${version} is not in npm's cache (npm cache add ${place.replace(/.*node_modules\//, "")}@${version})`;
  return { files: new Map(), links: new Map(), unread: [unread] };
}

/** The archive in npm's cache, which names contents by their digests (cacache, content-v2). */
function cached(integrity: string | undefined, cache: string): string | undefined {
  const [, base64] = INTEGRITY.exec(integrity ?? "") ?? [];
  if (base64 === undefined) return undefined;
  const hex = Buffer.from(base64, "base64").toString("hex");
  const path = join(cache, "_cacache", "content-v2", "sha512", hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
  return existsSync(path) ? path : undefined;
}

function notALockfile(file: string, why: string): CliError {
  return new CliError("cannot-read", `${file}: expected an npm lockfile of version 2 or 3: ${why}`);
}
