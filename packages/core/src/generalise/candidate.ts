/** A rule that may be proposed, with the evidence that it rests on. */
import type { RunSet } from "../evidence/run-set.ts";
import type { ClassRule } from "../identity/classes/rule.ts";
import type { Act } from "./acts.ts";

/** The mechanisms, mildest first. */
export const tiers = ["form", "number", "found", "closed", "tree", "template", "any-name"] as const;
export type Tier = (typeof tiers)[number];

export interface Candidate {
  readonly tier: Tier;
  readonly rule: ClassRule;
  /** The names that were learnt there, each with the runs that saw it. */
  readonly names: ReadonlyMap<string, RunSet>;
  /** The runs that did something there that milder rules leave unexplained. */
  readonly fresh: RunSet;
  /** Whether the other runs alone would have led to this rule, so that it covers this act of the run. */
  holdsWithout(run: number, act: Act): boolean;
}

/** How many names must be left when a run is left out. */
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
  readonly #copy: () => RunSet;

  constructor(make: () => RunSet) {
    this.#copy = make;
  }

  note(name: string, { programs, runs }: Act): void {
    let own = this.#byProgram.get(programs);
    if (own === undefined) this.#byProgram.set(programs, (own = new Map()));
    for (const names of [this.names, own]) {
      const known = names.get(name);
      if (known !== undefined) known.addAll(runs);
      else {
        const made = this.#copy();
        made.addAll(runs);
        names.set(name, made);
      }
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

  /** Whether a rule of this tier follows without one run, for a program. */
  holdWithout(run: number, programs: string, tier: Tier): boolean {
    if (countWithout(this.names, run, needed[tier]) < needed[tier]) return false;
    if (tier === "form") return true;
    const own = this.#byProgram.get(programs);
    return own !== undefined && varies(own, run);
  }
}

/** Several names, or one that comes and goes. */
function varies(names: ReadonlyMap<string, RunSet>, without?: number): boolean {
  let count = 0;
  for (const runs of names.values()) {
    if (without !== undefined && runs.only === without) continue;
    count += 1;
    if (count > 1 || runs.size - (without !== undefined && runs.has(without) ? 1 : 0) === 1) return true;
  }
  return false;
}

function countWithout(names: ReadonlyMap<string, RunSet>, run: number, enough: number): number {
  let count = 0;
  for (const runs of names.values()) if (runs.only !== run && ++count >= enough) break;
  return count;
}
