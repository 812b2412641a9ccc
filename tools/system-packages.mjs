import { readFileSync } from "node:fs";
import { join } from "node:path";
import { present, repository, run } from "./run.mjs";

/** @typedef {{ name: string, probe: string, why: string }} SystemPackage */

/** The Debian packages of `system-packages.txt`. */
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

/** @returns {SystemPackage[]} those that are not there */
export const missingPackages = (all = systemPackages()) => all.filter(({ probe }) => !present(probe));

/**
 * Installs what is missing where we may (root, Debian), and says what is still missing.
 *
 * @returns {Promise<{ missing: SystemPackage[], note: string }>}
 */
export async function provideSystemPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return { missing, note: "" };
  if (process.getuid?.() !== 0) return { missing, note: "not root, so nothing was installed" };
  if (!present("apt-get")) return { missing, note: "no apt-get, so nothing was installed" };

  const quiet = {
    DEBIAN_FRONTEND: "noninteractive",
    // A package that brings a service shall not start it on the machine that only tests with it.
    RUNLEVEL: "1",
    SYSTEMD_OFFLINE: "1",
  };
  const names = missing.map(({ name }) => name);
  const update = await run(["apt-get", "update", "-q"], { env: quiet, limitSeconds: 180 });
  const install = await run(["apt-get", "install", "-yq", "--no-install-recommends", ...names], {
    env: quiet,
    limitSeconds: 300,
  });
  if (install.status === 0) return { missing: missingPackages(), note: `installed ${names.join(" ")}` };
  const reason = lastComplaint(install.output) ?? lastComplaint(update.output) ?? `status ${install.status}`;
  return { missing: missingPackages(), note: `apt-get could not install ${names.join(" ")}: ${reason}` };
}

/** @param {string} output */
const lastComplaint = (output) => output.split("\n").findLast((line) => line.startsWith("E:"));
