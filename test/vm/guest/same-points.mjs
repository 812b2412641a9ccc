/**
 * Workloads of `test/reproducibility` under both sensors, in the same machine, by the same user: the same points, or a
 * difference that has its reason.
 */
import { deepEqual, equal } from "node:assert/strict";
import { difference, missing } from "../../reproducibility/experiment.mjs";
import { Origin } from "../../reproducibility/place.mjs";
import { at } from "../../reproducibility/repetition.mjs";
import { programsMissing } from "./bpf-programs.mjs";
import { unexplained } from "./workload-differences.mjs";

/** @typedef {import("../../reproducibility/place.mjs").Workload} Workload */

/** Why a workload cannot be tried, or false. @param {Workload} workload */
export function lacking(workload) {
  if (programsMissing()) return "the BPF programs are not compiled (clang-19, libbpf-dev)";
  const programs = missing(workload);
  return programs.length > 0 && `needs ${programs.join(", ")}`;
}

/**
 * Learns a workload under each sensor and compares the points; then, if asked to, has the bpf sensor enforce what the other
 * has learnt.
 *
 * @param {Workload} workload @param {{ enforces?: boolean }} [how]
 */
export async function samePoints(workload, { enforces = false } = {}) {
  const origin = await Origin.of(workload);
  try {
    const bySeccomp = await at(origin, 0, workload, { sensor: "seccomp" });
    const byBpf = await at(origin, 1, workload, { sensor: "bpf" });
    deepEqual([bySeccomp.report.incomplete, byBpf.report.incomplete], [[], []]);
    const differing = difference(bySeccomp, byBpf);
    deepEqual(unexplained(workload.name, differing), []);
    // Where no point differs, nothing else may: the state is the digest over all of them.
    if (differing.length === 0) equal(byBpf.state, bySeccomp.state);
    if (!enforces) return;
    const enforced = await at(origin, 2, workload, { does: "enforce", against: bySeccomp, sensor: "bpf" });
    const { departures, incomplete } = enforced.report;
    deepEqual({ status: enforced.status, departures, incomplete }, { status: 0, departures: [], incomplete: [] });
  } finally {
    origin.remove();
  }
}
