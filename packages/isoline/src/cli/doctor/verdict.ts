/** What the lines about one part of isoline come to: the word in its heading. */
import type { Probe } from "@isoline/linux";

export interface Verdict {
  /** Whether the part can be used at all. */
  readonly works: boolean;
  /** Where it does not do all that it is for: how far it goes. */
  readonly only?: string;
}

/** A part cannot work if something that it requires is missing. One that requires nothing is several things, each for itself. */
export function verdictOf(probes: readonly Probe[]): Verdict {
  if (probes.some(({ required, works }) => required && !works)) return { works: false };
  const there = probes.filter(({ works }) => works);
  if (there.length === 0) return { works: false };
  const short = there.find(({ only }) => only !== undefined);
  if (short?.only !== undefined) return { works: true, only: short.only };
  if (there.length < probes.length && probes.every(({ required }) => !required))
    return { works: true, only: there.map(({ name }) => name).join(", ") };
  return { works: true };
}
