/**
 * The trials by which rules are judged. Each run is left out in turn: what would it have done that no other run did? Where runs do
 * not begin from a clean start they depend on each other, and what one run leaves all later ones find. So the later half of such
 * runs is also tried in order: what did each do that no earlier run had done?
 *
 * A trial is known by its number: that of its run, or, in order, as many more as there are runs.
 */
import type { Evidence } from "../evidence/evidence.ts";
import { RunSet } from "../evidence/run-set.ts";

export class Trials {
  readonly #runs: number;
  /** From which run on there are trials in order. */
  readonly #later: number;
  readonly #others: readonly RunSet[];
  /** The sets that `of` gave, by the two first runs, which are all that counts. */
  readonly #fresh = new Map<number, RunSet>();

  constructor({ runs }: Pick<Evidence, "runs">) {
    const clean = runs.filter(({ start }) => start === "clean").length;
    this.#runs = runs.length;
    this.#later = clean * 2 >= runs.length ? runs.length : Math.floor(runs.length / 2);
    const places = [...runs.keys()];
    const alone = places.map((run) => RunSet.of(places.filter((other) => other !== run)));
    const inOrder = places.map((run) => RunSet.of(places.slice(0, run)));
    this.#others = [...alone, ...inOrder];
  }

  get runs(): number {
    return this.#runs;
  }

  /** The trials in which something is new that these runs did. The set is not to be changed. */
  of(runs: RunSet): RunSet {
    const [first, second] = runs.firstTwo;
    const key = second < 0 ? -1 - first : first;
    const known = this.#fresh.get(key);
    if (known !== undefined) return known;
    const fresh = new RunSet();
    if (first >= 0 && second < 0) fresh.add(first);
    if (first >= 0 && first >= this.#later) fresh.add(this.#runs + first);
    this.#fresh.set(key, fresh);
    return fresh;
  }

  /** The runs from which rules are derived in a trial. */
  othersOf(trial: number): RunSet {
    return this.#others[trial] as RunSet;
  }

  /** The share of trials that fail, of the way that has the greater share. */
  share(failing: Iterable<number>): number {
    let alone = 0;
    let inOrder = 0;
    for (const trial of failing) {
      if (trial < this.#runs) alone += 1;
      else inOrder += 1;
    }
    return Math.max(alone / this.#runs, this.#later < this.#runs ? inOrder / (this.#runs - this.#later) : 0);
  }
}
