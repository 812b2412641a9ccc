import { readFileSync } from "node:fs";
import { join } from "node:path";
import { present, repository, run } from "./run.mjs";
import { unpackedRoot, unpackPackage } from "./unpacked-packages.mjs";

/** @typedef {{ name: string, probe: string, why: string }} SystemPackage */

/** Parses `system-packages.txt`, the list of Debian packages. */
export function systemPackages(file = join(repository, "tools/system-packages.txt")) {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name, probe, why] = /^(\S+)\s+(\S+)\s+(\S.*)$/.exec(line) ?? [];
      if (name === undefined || probe === undefined || why === undefined)
        throw new Error(`${file}: expected "package probe why", got "${line}"`);
      return { name, probe, why };
    });
}

/** Stands in place of a probe: the package is unpacked beside the system, not installed. */
const UNPACKED = "unpacked";

/** @returns {SystemPackage[]} the packages that are missing */
export const missingPackages = (all = systemPackages()) =>
  all.filter(({ name, probe }) => (probe === UNPACKED ? unpackedRoot(name) === undefined : !present(probe)));

/**
 * Installs what is missing where that is possible (root, Debian), and returns what is still missing.
 *
 * @returns {Promise<{ missing: SystemPackage[], note: string }>}
 */
export async function provideSystemPackages(all = systemPackages()) {
  const missing = missingPackages(all);
  if (missing.length === 0) return { missing, note: "" };
  if (!present("apt-get")) return { missing, note: "there is no apt-get, so nothing was installed" };
  const mayInstall = process.getuid?.() === 0;
  if (mayInstall) await run(["apt-get", "update", "-q"], { env: quiet, limitSeconds: 180 });
  const toInstall = missing.filter(({ probe }) => probe !== UNPACKED);
  const notes = [];
  if (toInstall.length > 0) notes.push(mayInstall ? await install(toInstall) : "not root, so nothing was installed");
  for (const { name } of missing.filter(({ probe }) => probe === UNPACKED)) notes.push(await unpack(name));
  return { missing: missingPackages(all), note: notes.join("; ") };
}

const quiet = {
  DEBIAN_FRONTEND: "noninteractive",
  // A package with a service must not start it on a machine that only runs the tests.
  RUNLEVEL: "1",
  SYSTEMD_OFFLINE: "1",
};

/** @param {readonly SystemPackage[]} missing @returns {Promise<string>} what to report about it, or "" */
async function install(missing) {
  const names = missing.map(({ name }) => name);
  const { status, output } = await run(["apt-get", "install", "-yq", "--no-install-recommends", ...names], {
    env: quiet,
    limitSeconds: 300,
  });
  if (status === 0) return `installed ${names.join(" ")}`;
  return `apt-get could not install ${names.join(" ")}: ${lastComplaint(output) ?? `status ${status}`}`;
}

/** @param {string} name @returns {Promise<string>} what to report about it, or "" */
async function unpack(name) {
  const complaint = await unpackPackage(name);
  return complaint === undefined ? `unpacked ${name}` : `${name} could not be unpacked: ${complaint}`;
}

/** @param {string} output */
const lastComplaint = (output) => output.split("\n").findLast((line) => line.startsWith("E:"));
