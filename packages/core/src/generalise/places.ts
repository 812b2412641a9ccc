/** The directories of the acts as a tree, each name with the acts at it and below it. */
import { RunSet } from "../evidence/run-set.ts";
import { componentsOf } from "../identity/classes/levelled-path.ts";
import { type Act, namesIn, type Image } from "./acts.ts";
import { shapeOf } from "./shape.ts";

/** An act at a place. `real`: the components of its name before any class. */
export interface Entry {
  readonly image: Image;
  readonly real: readonly string[];
}

const NO_CHILDREN: ReadonlyMap<string, Place> = new Map();
const NOTHING: readonly Entry[] = [];
const NO_RUNS = new RunSet();
/** No class, and told from "without a class". */
const NOT_LOOKED = "?";

/** A name of a directory or a file. There are as many as files, so none has a map, a list or a set of its own before it needs one. */
export class Place {
  readonly #above: Place | undefined;
  #shape: string | undefined = NOT_LOOKED;
  readonly name: string;
  children: ReadonlyMap<string, Place> = NO_CHILDREN;
  /** The acts at this very place. */
  here: readonly Entry[] = NOTHING;
  /** The runs that were here or below. */
  runs = NO_RUNS;
  /** The trials with something new here or below. */
  lonely = NO_RUNS;
  /** Whether the name was new in one of them. */
  newest = false;
  /** How many acts here or below may be levelled. */
  acts = 0;

  /** `name`: a path, for a place without another above it. */
  constructor(name: string, above?: Place) {
    this.name = name;
    this.#above = above;
  }

  /** The class of its name by form (`shapeOf`). */
  get shape(): string | undefined {
    if (this.#shape === NOT_LOOKED) this.#shape = shapeOf(this.name);
    return this.#shape;
  }

  /** The levelled path, with the classes above. */
  get path(): string {
    return this.#above === undefined ? this.name : `${this.#above.path}/${this.name}`;
  }

  /** The place of a name below this one. */
  at(name: string): Place {
    const known = this.children.get(name);
    if (known !== undefined) return known;
    const made = new Place(name, this);
    this.put(name, made);
    return made;
  }

  put(name: string, child: Place): void {
    if (this.children === NO_CHILDREN) this.children = new Map();
    (this.children as Map<string, Place>).set(name, child);
  }

  remove(name: string): void {
    if (this.children !== NO_CHILDREN) (this.children as Map<string, Place>).delete(name);
  }

  /** Counts an act here or below. */
  count(act: Act, isLonely: boolean): void {
    this.runs = RunSet.union(this.runs, act.runs);
    if (isLonely) this.lonely = RunSet.union(this.lonely, act.fresh);
    this.acts += 1;
  }

  enter(entries: readonly Entry[]): void {
    if (this.here === NOTHING) this.here = [...entries];
    else for (const entry of entries) (this.here as Entry[]).push(entry);
  }

  /** Takes in everything that is known of another place. */
  absorb(from: Place): void {
    if (from.here !== NOTHING) this.enter(from.here);
    this.runs = RunSet.union(this.runs, from.runs);
    this.lonely = RunSet.union(this.lonely, from.lonely);
    this.newest ||= from.newest;
    this.acts += from.acts;
    for (const [name, child] of from.children) this.at(name).absorb(child);
  }
}

/** The places of these acts. `isLonely` tells which acts only one run did, as things stand. */
export function placesOf(images: readonly Image[], lonely: ReadonlySet<Image>): Map<string, Place> {
  const tops = new Map<string, Place>();
  for (const image of images) {
    const real = image.act.names?.components ?? namesIn(image.act.event).map(componentsOf);
    const levelled = image.key === undefined ? real : namesIn(image.event).map(componentsOf);
    for (const [field, components] of levelled.entries()) {
      if (components === undefined) continue;
      const entry = { image, real: real[field] ?? [] };
      enter(tops, components, entry, lonely.has(image));
    }
  }
  return tops;
}

/** Marks the places whose name itself was new in a trial: none of the runs from which one learns there had it. */
export function markNewest(tops: Iterable<Place>, othersOf: (trial: number) => RunSet): void {
  for (const place of tops) {
    if (place.lonely.first === undefined) continue;
    for (const trial of place.lonely) place.newest ||= !place.runs.meets(othersOf(trial));
    markNewest(place.children.values(), othersOf);
  }
}

function enter(tops: Map<string, Place>, components: readonly string[], entry: Entry, isLonely: boolean): void {
  const first = components[0] as string;
  let at = tops.get(first);
  if (at === undefined) tops.set(first, (at = new Place(first)));
  at.count(entry.image.act, isLonely);
  for (let depth = 1; depth < components.length; depth++) {
    at = at.at(components[depth] as string);
    at.count(entry.image.act, isLonely);
  }
  at.enter([entry]);
}

/** Several names as one: everything below the same name is put together. */
export function merged(path: string, places: readonly Place[]): Place {
  const whole = new Place(path);
  for (const each of places) whole.absorb(each);
  return whole;
}

/** Every act at a place and below it. */
export function* actsAt(at: Place): Generator<Entry> {
  yield* at.here;
  for (const child of at.children.values()) yield* actsAt(child);
}
