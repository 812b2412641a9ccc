/**
 * Kin: names of several directories and endings that are of the same thing, because their forms begin alike (`photo-17.jpg`,
 * `photo-17.jpg.orig`), or are drawn alike (`9f3c-2e71.job` in one directory, and where a rename carries it). Where such names vary
 * in one place, they may vary in the others, although a run has not shown it there.
 */
import { NameClass } from "../identity/classes/name-class.ts";
import type { Place } from "./places.ts";
import { endingOf, isLabel } from "./shape.ts";

export interface Kin {
  /** Of which several values were seen, anywhere. */
  readonly known: ReadonlySet<string>;
  /** Of which a value was new in a trial, anywhere. */
  readonly novel: ReadonlySet<string>;
}

/** What the kin of a class have in common; empty where the form says too little. */
export function kinOf(shape: string): string {
  if (shape.startsWith("{<id>}")) return shape;
  const stem = /^\{(\.?[^.}]*)/.exec(shape)?.[1] ?? "";
  if (/[A-Za-z]{3}/.test(stem.replace(/<\w+>/g, ""))) return stem;
  return "";
}

export function kinIn(tops: Iterable<Place>): Kin {
  /** The first value of each kin that was met. */
  const values = new Map<string, string>();
  const known = new Set<string>();
  const novel = new Set<string>();
  const visit = (at: Place): void => {
    const byEnding = new Map<string, Place[]>();
    for (const [name, child] of at.children) {
      const kin = kinOf(child.shape ?? "");
      if (kin !== "") {
        const value = /^\.?[^.]*/.exec(name)?.[0] as string;
        const first = values.get(kin);
        if (first === undefined) values.set(kin, value);
        else if (first !== value) known.add(kin);
        if (child.lonely.first !== undefined) novel.add(kin);
      }
      const ending = endingOf(name);
      const beside = byEnding.get(ending);
      if (beside) beside.push(child);
      else byEnding.set(ending, [child]);
      visit(child);
    }
    for (const [ending, places] of byEnding) {
      const text = `{<id>}${ending}`;
      const id = NameClass.parse(text);
      const drawn = id instanceof NameClass ? places.filter(({ name }) => id.matches(name)) : [];
      if (!isDrawnInPart(drawn.map(({ name }) => name))) continue;
      known.add(text);
      if (drawn.some(({ lonely }) => lonely.first !== undefined)) novel.add(text);
    }
  };
  for (const top of tops) visit(top);
  return { known, novel };
}

/** Whether the lens has levelled some of the names, and some not. */
export function isDrawnInPart(names: readonly string[]): boolean {
  return names.some(isLabel) && !names.every(isLabel);
}
