/** The directories of the acts as a tree, each name with the acts at it and below it. */
import { RunSet } from "../evidence/run-set.ts";
import { componentsOf } from "../identity/classes/levelled-path.ts";
import { namesIn } from "./acts.ts";
import type { Image } from "./fit.ts";

/** An act at a place. `real`: the components of its name before any class. */
export interface Entry {
  readonly image: Image;
  readonly real: readonly string[];
}

export interface Place {
  /** The levelled path, with the classes above. */
  readonly path: string;
  readonly children: Map<string, Place>;
  /** The acts at this very place. */
  readonly here: Entry[];
  /** The runs that were here or below. */
  readonly runs: RunSet;
  /** The trials with something new here or below. */
  readonly lonely: RunSet;
  /** Whether the name was new in one of them. */
  newest: boolean;
  /** Whether anything here or below is an act that may be levelled. */
  acts: number;
}

function place(path: string): Place {
  return { path, children: new Map(), here: [], runs: new RunSet(), lonely: new RunSet(), newest: false, acts: 0 };
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
  let children = tops;
  let path = "";
  for (const [depth, component] of components.entries()) {
    path = depth === 0 ? component : `${path}/${component}`;
    let at = children.get(component);
    if (at === undefined) children.set(component, (at = place(path)));
    at.runs.addAll(entry.image.act.runs);
    if (isLonely) at.lonely.addAll(entry.image.act.fresh);
    at.acts += 1;
    if (depth === components.length - 1) at.here.push(entry);
    children = at.children;
  }
}

/** Several names as one: everything below the same name is put together. */
export function merged(path: string, places: readonly Place[]): Place {
  const whole = place(path);
  for (const each of places) absorb(whole, each);
  return whole;
}

function absorb(into: Place, from: Place): void {
  into.here.push(...from.here);
  into.runs.addAll(from.runs);
  into.lonely.addAll(from.lonely);
  into.newest ||= from.newest;
  into.acts += from.acts;
  for (const [name, child] of from.children) {
    let own = into.children.get(name);
    if (own === undefined) into.children.set(name, (own = place(`${into.path}/${name}`)));
    absorb(own, child);
  }
}

/** Every act at a place and below it. */
export function* actsAt(at: Place): Generator<Entry> {
  yield* at.here;
  for (const child of at.children.values()) yield* actsAt(child);
}
