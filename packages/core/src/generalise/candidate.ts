/** A rule that may be proposed, with the evidence that it rests on. */
import { RunSet } from "../evidence/run-set.ts";
import type { ClassRule } from "../identity/classes/rule.ts";
import type { Act } from "./acts.ts";

/** The mechanisms, mildest first. */
export const tiers = ["form", "number", "found", "closed", "tree", "template", "any-name"] as const;
export type Tier = (typeof tiers)[number];

export interface Candidate {
  readonly tier: Tier;
  readonly rule: ClassRule;
  /** What the names have in common with those of other places (`kin.ts`). */
  readonly kin?: string;
  /** The names that were learnt there, each with the runs that saw it. */
  readonly names: ReadonlyMap<string, RunSet>;
  /** The trials with something new there that milder rules leave unexplained. */
  readonly fresh: RunSet;
  /** Whether these runs alone would have led to this rule, so that it covers this act of another run. */
  holdsFrom(others: RunSet, act: Act): boolean;
}

/** How many names a rule needs. */
const needed: Readonly<Record<Tier, number>> = {
  form: 1,
  number: 2,
  found: 0,
  closed: 3,
  tree: 3,
  template: 4,
  "any-name": 4,
};

/** The names of one class, and which programs used which of them. */
export class Uses {
  readonly names = new Map<string, RunSet>();
  readonly #byProgram = new Map<string, Map<string, RunSet>>();
  note(name: string, { programs, runs }: Act): void {
    let own = this.#byProgram.get(programs);
    if (own === undefined) this.#byProgram.set(programs, (own = new Map()));
    for (const names of [this.names, own]) {
      const known = names.get(name);
      names.set(name, known === undefined ? runs : RunSet.union(known, runs));
    }
  }

  /** The programs whose names here vary, ascending: those with several, or with one that only one run saw. */
  get varying(): string[] {
    return [...this.#byProgram]
      .filter(([, names]) => varies(names))
      .map(([programs]) => programs)
      .toSorted();
  }

  get programs(): number {
    return this.#byProgram.size;
  }

  /** Whether a rule of this tier follows from these runs, for a program. */
  holdFrom(others: RunSet, programs: string, tier: Tier): boolean {
    if (countIn(this.names, others, needed[tier]) < needed[tier]) return false;
    if (tier === "form" || tier === "number") return true;
    const own = this.#byProgram.get(programs);
    return own !== undefined && varies(own, others);
  }
}

/** Several names, or one that comes and goes. */
function varies(names: ReadonlyMap<string, RunSet>, among?: RunSet): boolean {
  let count = 0;
  for (const runs of names.values()) {
    const seen = among === undefined ? runs : runs.within(among);
    if (seen.first === undefined) continue;
    count += 1;
    if (count > 1 || seen.only !== undefined) return true;
  }
  return false;
}

function countIn(names: ReadonlyMap<string, RunSet>, among: RunSet, enough: number): number {
  let count = 0;
  for (const runs of names.values()) if (runs.meets(among) && ++count >= enough) break;
  return count;
}
