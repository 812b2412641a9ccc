/** Which sensor a workload is watched by. */
import type { SensorName } from "../../namespace/plan.ts";

export const sensorChoices = ["auto", "seccomp", "bpf"] as const;
export type SensorChoice = (typeof sensorChoices)[number];

/** `auto` is the seccomp sensor until the bpf sensor sees all that it sees. */
export function sensorFor(choice: SensorChoice = "auto"): SensorName {
  return choice === "auto" ? "seccomp" : choice;
}
