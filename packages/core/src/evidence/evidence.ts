/**
 * Evidence: which runs saw each point of a contour, and how often. It stands beside the contour and never in it: the contour is
 * what is reviewed, and does not change when a run only repeats what is known. Without evidence a contour works as well;
 * only what it says about future runs is missing.
 *
 * A point is known by the first sixteen digits of its digest, which is all that the file keeps. Two points that share them share
 * their evidence: that costs an estimate, and never decides about an act.
 */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { type Acceptance, Remarks, type ReplacedAct } from "./remarks.ts";
import type { RunRecord } from "./run-record.ts";
import { RunSet } from "./run-set.ts";
import { KEY_BYTES, SeenTable } from "./seen-table.ts";

/** What one run saw of one point. */
export interface Sighting {
  readonly point: Digest;
  /** How often, at least 1. */
  readonly occurrences: number;
}

/** With more runs the oldest are folded: it stays known in how many of them a point was seen, but not in which. */
export const MOST_RUNS = 512;
const FOLDED_AT_ONCE = 64;
/** Ids of folded runs that are remembered, so that a merge does not count them twice. */
const MOST_FOLDED = 4096;

export class Evidence {
  readonly #runs: RunRecord[] = [];
  readonly #places = new Map<string, number>();
  #seen = new SeenTable();
  readonly #folded = new Set<string>();
  readonly #replaced = new Remarks<ReplacedAct>();
  readonly #acceptances = new Remarks<Acceptance>();
  #past = 0;

  /** The runs, in the order in which they were recorded. A run's place in this list is its number in every `RunSet`. */
  get runs(): readonly RunRecord[] {
    return this.#runs;
  }

  /** How many earlier runs there were of which only counts are known. */
  get past(): number {
    return this.#past;
  }

  /** How many runs there were, the folded ones included. */
  get count(): number {
    return this.#past + this.#runs.length;
  }

  /** In how many of them a point was seen. */
  countOf(point: Digest): number {
    const entry = this.#seen.find(point);
    return entry < 0 ? 0 : this.#seen.past(entry) + this.#seen.runs(entry).size;
  }

  /** Number of points of the contour that a run saw. */
  get size(): number {
    return this.#seen.points;
  }

  /** Adds a run with everything that it saw. Refuses a run that is recorded already. */
  record(run: RunRecord, sightings: Iterable<Sighting>): void {
    if (this.#places.has(run.id) || this.#folded.has(run.id))
      throw new IsolineError("bad-evidence", `the run ${run.id} is recorded already`);
    const place = this.#addRun(run);
    for (const { point, occurrences } of sightings) this.#add(point, RunSet.of([place]), occurrences, 0);
    this.#fold();
  }

  /** Every point of the contour that a run saw. */
  *points(): Generator<Digest> {
    for (let entry = 0; entry < this.#seen.size; entry++)
      if (this.#seen.isOnContour(entry)) yield this.#seen.point(entry);
  }

  /** Gives what is known of every point of the contour that a run saw, in no order. */
  eachSighting(use: (point: Digest, runs: RunSet, past: number) => void): void {
    for (let entry = 0; entry < this.#seen.size; entry++)
      if (this.#seen.isOnContour(entry)) use(this.#seen.point(entry), this.#seen.runs(entry), this.#seen.past(entry));
  }

  /** The runs that saw a point; undefined where none did. */
  runsOf(point: Digest): RunSet | undefined {
    const entry = this.#seen.find(point);
    return entry < 0 ? undefined : this.#seen.runs(entry);
  }

  /** How often a point was seen over all runs. */
  occurrences(point: Digest): number {
    const entry = this.#seen.find(point);
    return entry < 0 ? 0 : this.#seen.occurrences(entry);
  }

  /** Says which points the contour has. `points` then gives those of them that a run saw; the rest of the evidence is kept. */
  resolve(points: Iterable<Digest>): void {
    this.#seen.clearContour();
    for (const point of points) {
      const entry = this.#seen.find(point);
      if (entry >= 0) this.#seen.putOnContour(entry, point);
    }
  }

  /** The acts that class rules replaced. */
  get replaced(): readonly ReplacedAct[] {
    return this.#replaced.all;
  }

  addReplaced(acts: Iterable<ReplacedAct>): void {
    this.#replaced.add(acts);
  }

  /** Takes out the acts that a rule replaced, so that they can come back. */
  takeReplaced(rule: string): ReplacedAct[] {
    return this.#replaced.take((act) => act.rule === rule);
  }

  /** The points that were taken into the contour by a decision. */
  get acceptances(): readonly Acceptance[] {
    return this.#acceptances.all;
  }

  addAcceptances(acceptances: Iterable<Acceptance>): void {
    this.#acceptances.add(acceptances);
  }

  /**
   * Evidence of both, the runs in the order of their time. A run that both have counts once; occurrences are then those of the one
   * that has more. Which of the folded runs both have is not known, so the larger number counts.
   */
  static merge(first: Evidence, second: Evidence): Evidence {
    const merged = new Evidence();
    const sources = [first, second];
    for (const { replaced, acceptances } of sources) {
      merged.addReplaced(replaced);
      merged.addAcceptances(acceptances);
    }
    for (const source of sources) merged.#remember(source.#folded);
    for (const run of byTime(sources.flatMap(({ runs }) => runs)))
      if (!merged.#places.has(run.id) && !merged.#folded.has(run.id)) merged.#addRun(run);
    merged.#past = Math.max(first.#past, second.#past);
    const shares = (first.#past > 0 && second.#past > 0) || second.runs.some(({ id }) => first.#places.has(id));
    for (const source of sources) {
      const places = source.#runs.map(({ id }) => merged.#places.get(id));
      merged.#takeInAll(source.#seen, places, shares);
    }
    merged.#fold();
    return merged;
  }

  /**
   * The same evidence about other points, when a rule makes one point of several. `to` gives the new point, the same point, or
   * undefined to drop it. What is known of a point that was replaced stays known, but `points` does not give it any more.
   */
  translate(to: (point: Digest) => Digest | undefined): Evidence {
    const translated = new Evidence();
    for (const run of this.#runs) translated.#addRun(run);
    translated.#remember(this.#folded);
    translated.#past = this.#past;
    translated.addReplaced(this.replaced);
    translated.addAcceptances(this.acceptances);
    const every = this.#runs.map((_, place) => place);
    const seen = this.#seen;
    for (let entry = 0; entry < seen.size; entry++) {
      const point = seen.isOnContour(entry) ? seen.point(entry) : undefined;
      const target = point === undefined ? undefined : to(point);
      if (point !== undefined && target === undefined) continue;
      if (target !== undefined) translated.#add(target, seen.runs(entry), seen.occurrences(entry), seen.past(entry));
      if (target === undefined || target !== point) translated.#takeIn(seen, entry, every, false);
    }
    return translated;
  }

  /** Evidence of runs of which only counts are known, as a contour of format 1 has them. */
  static ofPast(runs: number, seen: Iterable<Sighting & { readonly past: number }>): Evidence {
    const evidence = new Evidence();
    evidence.#past = runs;
    for (const { point, occurrences, past } of seen) evidence.#add(point, new RunSet(), occurrences, past);
    return evidence;
  }

  /** @internal What is known of each point. */
  get table(): SeenTable {
    return this.#seen;
  }

  /** @internal Ids of the folded runs. */
  get folded(): readonly string[] {
    return [...this.#folded];
  }

  /** @internal Puts back what a file has. The keys are resolved later. */
  static restore(runs: readonly RunRecord[], past: number, folded: readonly string[], seen: SeenTable): Evidence {
    const evidence = new Evidence();
    for (const run of runs) evidence.#addRun(run);
    evidence.#past = past;
    evidence.#remember(folded);
    evidence.#seen = seen;
    return evidence;
  }

  #addRun(run: RunRecord): number {
    const place = this.#runs.push(run) - 1;
    this.#places.set(run.id, place);
    return place;
  }

  #add(point: Digest, runs: RunSet, occurrences: number, past: number): void {
    const seen = this.#seen;
    const entry = seen.at(point);
    seen.putOnContour(entry, point);
    seen.runs(entry).addAll(runs);
    seen.setOccurrences(entry, seen.occurrences(entry) + occurrences);
    seen.setPast(entry, Math.min(seen.past(entry) + past, this.#past));
  }

  #takeInAll(source: SeenTable, places: readonly (number | undefined)[], shares: boolean): void {
    for (let entry = 0; entry < source.size; entry++) {
      const own = this.#takeIn(source, entry, places, shares);
      if (source.isOnContour(entry)) this.#seen.putOnContour(own, source.point(entry));
    }
  }

  /** Adds what a source knows of a point; `places` gives the new place of each run. Returns the entry here. */
  #takeIn(source: SeenTable, from: number, places: readonly (number | undefined)[], shares: boolean): number {
    const seen = this.#seen;
    const key = Buffer.alloc(KEY_BYTES);
    source.keyInto(from, key, 0);
    const entry = seen.atBytes(key);
    for (const place of source.runs(from)) {
      const there = places[place];
      if (there !== undefined) seen.runs(entry).add(there);
    }
    const [known, added] = [seen.occurrences(entry), source.occurrences(from)];
    seen.setPast(entry, Math.max(seen.past(entry), source.past(from)));
    seen.setOccurrences(entry, shares ? Math.max(known, added) : known + added);
    return entry;
  }

  /** Folds the oldest runs until there are few enough. */
  #fold(): void {
    while (this.#runs.length > MOST_RUNS) {
      this.#remember(this.#runs.splice(0, FOLDED_AT_ONCE).map(({ id }) => id));
      this.#past += FOLDED_AT_ONCE;
      for (let entry = 0; entry < this.#seen.size; entry++)
        this.#seen.setPast(entry, this.#seen.past(entry) + this.#seen.runs(entry).dropFirst(FOLDED_AT_ONCE));
    }
    this.#places.clear();
    this.#runs.forEach(({ id }, place) => this.#places.set(id, place));
  }

  #remember(ids: Iterable<string>): void {
    for (const id of ids) this.#folded.add(id);
    for (const id of this.#folded) {
      if (this.#folded.size <= MOST_FOLDED) break;
      this.#folded.delete(id);
    }
  }
}

function byTime(runs: readonly RunRecord[]): RunRecord[] {
  return [...runs].sort((a, b) => (`${a.when} ${a.id}` < `${b.when} ${b.id}` ? -1 : 1));
}
