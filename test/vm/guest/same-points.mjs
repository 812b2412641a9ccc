/**
 * Workloads of `test/reproducibility` under both sensors, in the same machine, by the same user: the same points, or a
 * difference with a reason.
 */
import { deepEqual, equal } from "node:assert/strict";
import { difference, missing } from "../../reproducibility/experiment.mjs";
import { Origin } from "../../reproducibility/place.mjs";
import { at } from "../../reproducibility/repetition.mjs";
import { withoutPrograms } from "./bpf-programs.mjs";
import { unexplained } from "./workload-differences.mjs";

/** @typedef {import("../../reproducibility/place.mjs").Workload} Workload */

/** The reason why a workload cannot run, or false. @param {Workload} workload */
export function lacking(workload) {
  if (withoutPrograms) return withoutPrograms;
  const programs = missing(workload);
  return programs.length > 0 && `needs ${programs.join(", ")}`;
}

/**
 * Learns a workload under each sensor and compares the points. Then, if requested, the bpf sensor enforces what the other
 * sensor has learnt.
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
    // If no point differs, nothing else may differ: the state is the digest over all points.
    if (differing.length === 0) equal(byBpf.state, bySeccomp.state);
    if (!enforces) return;
    const enforced = await at(origin, 2, workload, { does: "enforce", against: bySeccomp, sensor: "bpf" });
    const { departures, incomplete } = enforced.report;
    deepEqual({ status: enforced.status, departures, incomplete }, { status: 0, departures: [], incomplete: [] });
  } finally {
    origin.remove();
  }
}
