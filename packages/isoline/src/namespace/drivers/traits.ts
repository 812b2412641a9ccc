/** Differences between the sensors that matter before one is opened. */
import type { Plan, SensorName } from "../plan.ts";

export interface SensorTraits {
  /** Memory for keys of events that have a verdict; undefined for the model's default. */
  readonly knownBytes: (mode: Plan["mode"]) => number | undefined;
  /** Whether files can be inspected that were used before there was an inspector. */
  readonly inspectsLate: boolean;
}

const traits: Readonly<Record<SensorName, SensorTraits>> = {
  seccomp: { knownBytes: () => undefined, inspectsLate: true },
  bpf: {
    // Some 400 000 keys while points are learnt, and 100 000 afterwards: repeated events are decided in the kernel.
    knownBytes: (mode) => (mode === "learn" ? 16 : 4) * 2 ** 20,
    inspectsLate: false,
  },
};

export function traitsOf(sensor: SensorName): SensorTraits {
  return traits[sensor];
}
