/**
 * Debian packages whose files the tests use without installing them. A kernel that boots in a virtual machine is not meant for
 * this machine, and installing it would rebuild the initial RAM disks here.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";

const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "isoline/debian");

/** The folder of an unpacked package, or nothing. To get a newer version, remove the folder. @param {string} name */
export function unpackedRoot(name) {
  const root = join(CACHE, name);
  return existsSync(root) ? root : undefined;
}

/**
 * Downloads a package with apt, which verifies it, and unpacks it into the cache. Any user may do so.
 *
 * @param {string} name
 * @returns {Promise<string | undefined>} the reason if it failed
 */
export async function unpackPackage(name) {
  const root = join(CACHE, name);
  mkdirSync(dirname(root), { recursive: true });
  const place = mkdtempSync(`${root}.`);
  try {
    const download = await run(["apt-get", "download", "-q", await currentPackage(name)], {
      cwd: place,
      limitSeconds: 300,
    });
    const archive = readdirSync(place).find((file) => file.endsWith(".deb"));
    if (download.status !== 0 || archive === undefined) return lastLine(download.output);
    const unpack = await run(["dpkg-deb", "-x", archive, "root"], { cwd: place, limitSeconds: 120 });
    if (unpack.status !== 0) return lastLine(unpack.output);
    // The rename is atomic, so the folder is complete or absent. If another process was first, its folder stays.
    if (!existsSync(root)) renameSync(join(place, "root"), root);
    return undefined;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** `linux-image-amd64` is empty and depends on the current kernel package. @param {string} name */
async function currentPackage(name) {
  const { output } = await run(["apt-cache", "depends", "--important", name], { limitSeconds: 60 });
  return /^ *Depends: (linux-image-\d\S+)$/m.exec(output)?.[1] ?? name;
}

/** @param {string} output */
const lastLine = (output) => output.trim().split("\n").at(-1) ?? "";
