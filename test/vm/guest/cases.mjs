/** The cases of `test/sensor`, as packed by the host. */
import { existsSync } from "node:fs";
import { withoutPrograms } from "./bpf-programs.mjs";

const share = process.env["ISOLINE_SHARE"] ?? "";

/** The reason why the cases cannot run, or false. */
export const casesMissing = () =>
  withoutPrograms || (!existsSync(`${share}/cases.mjs`) && "there is no compiler for the probe (gcc)");

/** @returns {Promise<typeof import("../sensor-cases.ts") & { readonly probe: string }>} */
export async function packed() {
  return { ...(await import(`${share}/cases.mjs`)), probe: `${share}/probe` };
}

/** The cases that root can run, because root uses the sensor, and those that only a virtual machine can run. */
export async function cases() {
  const { all, hookCases } = await packed();
  return [...all.filter(({ by }) => by !== "user"), ...hookCases];
}

/** The output of a case, sorted: its processes may print in any order. @param {string | undefined} output */
export const lines = (output) => (output ?? "").split("\n").sort();
