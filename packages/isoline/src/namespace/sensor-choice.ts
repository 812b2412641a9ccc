/** The sensors that a workload can be supervised by, and the one that a choice means. */
import type { SensorName } from "./plan.ts";

export const sensorChoices = ["auto", "seccomp", "bpf"] as const;
/** The sensor of a run, by name; `auto` leaves it to isoline. */
export type SensorChoice = (typeof sensorChoices)[number];

/** `auto` is the seccomp sensor until the bpf sensor observes everything that it does. */
export function sensorFor(choice: SensorChoice = "auto"): SensorName {
  return choice === "auto" ? "seccomp" : choice;
}
