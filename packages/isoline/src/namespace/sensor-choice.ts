/** Which sensor a workload can be put under, and which one a choice means. */
import type { SensorName } from "./plan.ts";

export const sensorChoices = ["auto", "seccomp", "bpf"] as const;
/** The sensor of a run, by name; `auto` leaves it to isoline. */
export type SensorChoice = (typeof sensorChoices)[number];

/** `auto` is the seccomp sensor until the bpf sensor sees all that it sees. */
export function sensorFor(choice: SensorChoice = "auto"): SensorName {
  return choice === "auto" ? "seccomp" : choice;
}
