/** The features of this machine's kernel, as the kernel and `isoline doctor` report them. */
import { readFileSync } from "node:fs";
import { isolineAs } from "./isoline.mjs";

/** The security modules in force, in order. */
export const activeModules = () => readFileSync("/sys/kernel/security/lsm", "utf8").trim().split(",");

/** @typedef {{ name: string, works: boolean, detail: string, fix?: string }} Probe */

export function doctorSays() {
  const { stdout, stderr } = isolineAs(0).run("doctor", "--json");
  if (stdout === "") throw new Error(`isoline doctor printed nothing: ${stderr}`);
  /** @type {{ parts: Record<string, boolean>, probes: Probe[] }} */
  const { parts, probes } = JSON.parse(stdout);
  /** @param {string} name */
  const probe = (name) => {
    const found = probes.find((candidate) => candidate.name.startsWith(name));
    if (found === undefined) throw new Error(`isoline doctor has no probe "${name}"`);
    return found;
  };
  return { parts, probe };
}
