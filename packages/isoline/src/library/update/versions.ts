/** Two versions of something, by what they are: directories, Debian packages, npm lockfiles, images in an OCI layout. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../../error.ts";
import { lockfileTrees } from "./lockfile.ts";
import { imageTree } from "./oci-layout.ts";
import { type Tree, treeOf, type Versions } from "./trees.ts";
import { debianTree, fetchDebian, inScratch } from "./unpack.ts";

const DEBIAN_NAME = /^([a-z0-9][a-z0-9+.-]*)[=/]([A-Za-z0-9][A-Za-z0-9.+:~-]*)$/;
const LAYOUT = /^(.*?)@(sha256:[0-9a-f]{64})$/;

/** Reads both versions. Of two lockfiles only the packages that differ are looked at. */
export function readVersions(from: string, to: string, npmCache?: string): Versions {
  if (isLockfile(from) && isLockfile(to)) return lockfileTrees(from, to, npmCache);
  return { from: treeNamed(from), to: treeNamed(to) };
}

function treeNamed(name: string): Tree {
  const [, layout = name, digest] = LAYOUT.exec(name) ?? [];
  if (existsSync(join(layout, "oci-layout"))) return imageTree(layout, digest);
  const stat = statSync(name, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return treeOf(name);
  if (stat?.isFile() && name.endsWith(".deb")) return debianTree(name);
  const [, debian, version] = DEBIAN_NAME.exec(name) ?? [];
  if (stat === undefined && debian !== undefined) return downloaded(`${debian}=${version}`);
  throw new CliError(
    "usage",
    `${name}: expected a directory, a Debian package (FILE.deb, or NAME=VERSION), an npm lockfile (both), or an OCI layout (DIRECTORY or DIRECTORY@sha256:…)`,
  );
}

function downloaded(name: string): Tree {
  return inScratch((directory) => {
    fetchDebian(name, directory);
    const file = readdirSync(directory).find((each) => each.endsWith(".deb"));
    if (file === undefined) throw new CliError("cannot-read", `${name}: apt-get downloaded no package`);
    return debianTree(join(directory, file));
  });
}

function isLockfile(name: string): boolean {
  return name.endsWith(".json") && statSync(name, { throwIfNoEntry: false })?.isFile() === true;
}
