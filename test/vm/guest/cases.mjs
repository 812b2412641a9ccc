/** The cases of `test/sensor`, as the host has packed them. */
import { existsSync } from "node:fs";
import { programsMissing } from "./bpf-programs.mjs";

const share = process.env["ISOLINE_SHARE"] ?? "";

/** Why there are none to be tried, or false. */
export const casesMissing = () =>
  (programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)") ||
  (!existsSync(`${share}/cases.mjs`) && "there is no compiler for the probe (gcc)");

/** @returns {Promise<typeof import("../sensor-cases.ts") & { readonly probe: string }>} */
export async function packed() {
  return { ...(await import(`${share}/cases.mjs`)), probe: `${share}/probe` };
}

/** Those that root can do, which is who uses the sensor, and those that only a machine can bear. */
export async function cases() {
  const { all, hookCases } = await packed();
  return [...all.filter(({ by }) => by !== "user"), ...hookCases];
}

/** What a case prints; its processes may speak in any order. @param {string | undefined} output */
export const lines = (output) => (output ?? "").split("\n").sort();
