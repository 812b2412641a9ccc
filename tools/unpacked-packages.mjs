/**
 * Debian packages whose files the tests use without installing them: a kernel to boot in a virtual machine is no kernel
 * for this machine, and its installation would rebuild the initial ram disks here.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";

const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "isoline/debian");

/** Where a package was unpacked, or nothing. To have a newer one, remove the folder. @param {string} name */
export function unpackedRoot(name) {
  const root = join(CACHE, name);
  return existsSync(root) ? root : undefined;
}

/**
 * Downloads a package through apt, which verifies it, and unpacks it into the cache; as any user.
 *
 * @param {string} name
 * @returns {Promise<string | undefined>} what went wrong
 */
export async function unpackPackage(name) {
  const root = join(CACHE, name);
  mkdirSync(dirname(root), { recursive: true });
  const place = mkdtempSync(`${root}.`);
  try {
    const download = await run(["apt-get", "download", "-q", await bearer(name)], { cwd: place, limitSeconds: 300 });
    const archive = readdirSync(place).find((file) => file.endsWith(".deb"));
    if (download.status !== 0 || archive === undefined) return lastLine(download.output);
    const unpack = await run(["dpkg-deb", "-x", archive, "root"], { cwd: place, limitSeconds: 120 });
    if (unpack.status !== 0) return lastLine(unpack.output);
    // Complete or not there; who was first wins.
    if (!existsSync(root)) renameSync(join(place, "root"), root);
    return undefined;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** `linux-image-amd64` is empty and depends on the kernel of the day. @param {string} name */
async function bearer(name) {
  const { output } = await run(["apt-cache", "depends", "--important", name], { limitSeconds: 60 });
  return /^ *Depends: (linux-image-\d\S+)$/m.exec(output)?.[1] ?? name;
}

/** @param {string} output */
const lastLine = (output) => output.trim().split("\n").at(-1) ?? "";
