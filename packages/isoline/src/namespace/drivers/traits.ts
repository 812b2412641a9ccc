/** Differences between the sensors that matter before one is opened. */
import type { Plan, SensorName } from "../plan.ts";

export interface SensorTraits {
  /** Memory for keys of events that have a verdict; undefined for the model's default. */
  readonly knownBytes: (mode: Plan["mode"]) => number | undefined;
  /** Whether files can be inspected that were used before there was an inspector. */
  readonly inspectsLate: boolean;
  /** Whether it can answer the lookups of hosts, so that hosts are called by name. */
  readonly answersLookups: boolean;
}

const traits: Readonly<Record<SensorName, SensorTraits>> = {
  seccomp: { knownBytes: () => undefined, inspectsLate: true, answersLookups: true },
  bpf: {
    // Some 400 000 keys while points are learnt, and 100 000 afterwards: repeated events are decided in the kernel.
    knownBytes: (mode) => (mode === "learn" ? 16 : 4) * 2 ** 20,
    inspectsLate: false,
    answersLookups: false,
  },
};

export function traitsOf(sensor: SensorName): SensorTraits {
  return traits[sensor];
}
