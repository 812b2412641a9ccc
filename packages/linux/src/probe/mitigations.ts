/** What this machine can set for one process against leaks through the processor: docs/mitigations.md. */
import { KernelMitigations } from "../mitigations/kernel.ts";
import type { Offer } from "../mitigations/setting.ts";
import type { Probe } from "./probe.ts";

const NEEDS: Readonly<Record<Offer["name"], string>> = {
  "store-bypass": "a processor that is affected, and a kernel that leaves the choice to processes",
  "indirect-branch": "a processor that is affected, and a kernel that leaves the choice to processes",
  "l1d-flush": "Linux 5.15 started with l1d_flush=on, on a processor that is affected",
  "own-core": "Linux 5.14 with CONFIG_SCHED_CORE",
  "own-cpus": "control groups with cpusets that isoline may write, and two cores",
};

export function probeMitigations(): readonly Probe[] {
  return new KernelMitigations().offers().map(({ name, works, detail }) => ({
    part: "mitigations",
    name,
    works,
    required: false,
    detail,
    needs: NEEDS[name],
  }));
}
