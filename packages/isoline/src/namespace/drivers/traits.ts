/** What differs between the sensors before one is opened. */
import type { Plan, SensorName } from "../plan.ts";

export interface SensorTraits {
  /** Memory for keys of events that were decided about; undefined for as much as the model takes. */
  readonly knownBytes: (mode: Plan["mode"]) => number | undefined;
  /** Whether files can be looked at that were used before anything asked for it. */
  readonly inspectsLate: boolean;
}

const traits: Readonly<Record<SensorName, SensorTraits>> = {
  seccomp: { knownBytes: () => undefined, inspectsLate: true },
  bpf: {
    // Some 400 000 keys while points are learnt, and 100 000 afterwards: what is decided more often the kernel decides by itself.
    knownBytes: (mode) => (mode === "learn" ? 16 : 4) * 2 ** 20,
    inspectsLate: false,
  },
};

export function traitsOf(sensor: SensorName): SensorTraits {
  return traits[sensor];
}
