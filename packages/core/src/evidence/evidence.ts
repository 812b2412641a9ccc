/**
 * Evidence: which runs saw each point of a contour, and how often. It stands beside the contour and never in it: the contour is
 * what is reviewed, and does not change when a run only repeats what is known. Without evidence a contour works as well;
 * only what it says about future runs is missing.
 */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { RunRecord } from "./run-record.ts";
import { RunSet } from "./run-set.ts";

/** What one run saw of one point. */
export interface Sighting {
  readonly point: Digest;
  /** How often, at least 1. */
  readonly occurrences: number;
}

interface Seen {
  readonly runs: RunSet;
  occurrences: number;
}

export class Evidence {
  readonly #runs: RunRecord[] = [];
  readonly #places = new Map<string, number>();
  readonly #seen = new Map<Digest, Seen>();

  /** The runs, in the order in which they were recorded. A run's place in this list is its number in every `RunSet`. */
  get runs(): readonly RunRecord[] {
    return this.#runs;
  }

  /** Number of points that a run saw. */
  get size(): number {
    return this.#seen.size;
  }

  /** Adds a run with everything that it saw. Refuses a run that is recorded already. */
  record(run: RunRecord, sightings: Iterable<Sighting>): void {
    if (this.#places.has(run.id)) throw new IsolineError("bad-evidence", `the run ${run.id} is recorded already`);
    const place = this.#addRun(run);
    for (const { point, occurrences } of sightings) this.#add(point, RunSet.of([place]), occurrences);
  }

  /** Every point that a run saw. */
  points(): Iterable<Digest> {
    return this.#seen.keys();
  }

  /** The runs that saw a point; undefined where none did. */
  runsOf(point: Digest): RunSet | undefined {
    return this.#seen.get(point)?.runs;
  }

  /** How often a point was seen over all runs. */
  occurrences(point: Digest): number {
    return this.#seen.get(point)?.occurrences ?? 0;
  }

  /** Evidence of both. A run that both have counts once; its occurrences are then those of the one that has more. */
  static merge(first: Evidence, second: Evidence): Evidence {
    const merged = new Evidence();
    for (const { runs } of [first, second]) {
      for (const run of runs) if (!merged.#places.has(run.id)) merged.#addRun(run);
    }
    const shared = second.runs.some((run) => first.#places.has(run.id));
    for (const point of new Set([...first.points(), ...second.points()])) {
      for (const source of [first, second]) {
        const runs = source.runsOf(point);
        if (runs) merged.#add(point, merged.#placesOf(source, runs), 0);
      }
      const [one, other] = [first.occurrences(point), second.occurrences(point)];
      (merged.#seen.get(point) as Seen).occurrences = shared ? Math.max(one, other) : one + other;
    }
    return merged;
  }

  /**
   * The same evidence about other points, when a rule makes one point of several. `to` gives the new point, or undefined to drop
   * the point.
   */
  translate(to: (point: Digest) => Digest | undefined): Evidence {
    const translated = new Evidence();
    for (const run of this.#runs) translated.#addRun(run);
    for (const [point, { runs, occurrences }] of this.#seen) {
      const target = to(point);
      if (target !== undefined) translated.#add(target, runs, occurrences);
    }
    return translated;
  }

  #addRun(run: RunRecord): number {
    const place = this.#runs.push(run) - 1;
    this.#places.set(run.id, place);
    return place;
  }

  #add(point: Digest, runs: RunSet, occurrences: number): void {
    const seen = this.#seen.get(point) ?? { runs: new RunSet(), occurrences: 0 };
    seen.runs.addAll(runs);
    seen.occurrences += occurrences;
    this.#seen.set(point, seen);
  }

  #placesOf(source: Evidence, runs: RunSet): RunSet {
    return RunSet.of([...runs].map((place) => this.#places.get((source.runs[place] as RunRecord).id) as number));
  }
}
