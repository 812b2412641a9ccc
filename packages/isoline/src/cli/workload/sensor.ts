/** Which sensor a workload is watched by. */
import type { IntegrityPlan } from "../../integrity/plan.ts";
import type { SensorName } from "../../namespace/plan.ts";
import { usage } from "../refusal.ts";

export const sensorChoices = ["auto", "seccomp", "bpf"] as const;
export type SensorChoice = (typeof sensorChoices)[number];

/** `auto` is the seccomp sensor until the bpf sensor sees all that it sees. */
export function sensorFor(choice: SensorChoice = "auto", integrity?: IntegrityPlan): SensorName {
  if (choice === "bpf" && integrity !== undefined)
    throw usage("the --ima-… options need the seccomp sensor: leave --sensor bpf out");
  return choice === "auto" ? "seccomp" : choice;
}
