/** Differences between the sensors that matter before one is opened. */
import type { Plan, SensorName } from "../plan.ts";

export interface SensorTraits {
  /** Memory for keys of events that have a verdict, which no limit of a heap counts; undefined for the model's default. */
  readonly knownBytes: (plan: Pick<Plan, "mode" | "forStranger" | "sharesThread">) => number | undefined;
  /** Whether files can be inspected that were used before there was an inspector. */
  readonly inspectsLate: boolean;
  /** Whether it can answer the lookups of hosts, so that hosts are called by name. */
  readonly answersLookups: boolean;
}

/** Some 250 000 keys. When it is full, they are forgotten, and what comes again is decided once more. */
const BESIDE_OTHERS = 32 * 2 ** 20;

const traits: Readonly<Record<SensorName, SensorTraits>> = {
  seccomp: {
    knownBytes: ({ forStranger, sharesThread }) => (forStranger || sharesThread ? BESIDE_OTHERS : undefined),
    inspectsLate: true,
    answersLookups: true,
  },
  bpf: {
    // Some 400 000 keys while points are learnt, and 100 000 afterwards: repeated events are decided in the kernel.
    knownBytes: ({ mode }) => (mode === "learn" ? 16 : 4) * 2 ** 20,
    inspectsLate: false,
    answersLookups: false,
  },
};

export function traitsOf(sensor: SensorName): SensorTraits {
  return traits[sensor];
}
