/**
 * Workloads of `test/reproducibility` under both sensors, in the same machine, by the same user: the same points, or a
 * difference that has its reason.
 */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { difference, missing } from "../../reproducibility/experiment.mjs";
import { Origin } from "../../reproducibility/place.mjs";
import { at } from "../../reproducibility/repetition.mjs";
import { programsMissing } from "./bpf-programs.mjs";
import { unexplained } from "./workload-differences.mjs";

/** @typedef {import("../../reproducibility/place.mjs").Workload} Workload */

/** A test for each workload. @param {readonly Workload[]} workloads */
export function samePoints(...workloads) {
  for (const workload of workloads) void test(workload.name, { skip: lacking(workload) }, () => compare(workload));
}

/** @param {Workload} workload */
function lacking(workload) {
  if (programsMissing()) return "the BPF programs are not compiled (clang-19, libbpf-dev)";
  const programs = missing(workload);
  return programs.length > 0 && `needs ${programs.join(", ")}`;
}

/** @param {Workload} workload */
async function compare(workload) {
  const origin = await Origin.of(workload);
  try {
    const bySeccomp = await at(origin, 0, workload, { sensor: "seccomp" });
    const byBpf = await at(origin, 1, workload, { sensor: "bpf" });
    deepEqual([bySeccomp.report.incomplete, byBpf.report.incomplete], [[], []]);
    const differing = difference(bySeccomp, byBpf);
    deepEqual(unexplained(workload.name, differing), []);
    // Where no point differs, nothing else may: the state is the digest over all of them.
    if (differing.length === 0) equal(byBpf.state, bySeccomp.state);
  } finally {
    origin.remove();
  }
}
