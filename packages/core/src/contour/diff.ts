/**
 * Computes what one contour permits and another does not.
 *
 * Points that both contours have are equal. The other points are compared as acts of counterpart tasks (`counterparts.ts`),
 * from the smallest difference to the greatest: the same act of a program whose identity changed; the same act on other
 * content; the same act on the same content under another path. An act that is left belongs to only one contour. So the update
 * of one program is reported as one file with a new digest, however many points of its descendants changed with it.
 */
import type { Digest } from "../digest.ts";
import { taskPhrase } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import { contentsOf, pathOf, withoutContents, withoutPath, withPlaces } from "./act-words.ts";
import { assertComparable } from "./comparable.ts";
import type { Contour } from "./contour.ts";
import { counterpartsOf, type Redigested, type Renamed } from "./counterparts.ts";
import { formatCredentials } from "./credentials.ts";
import { compareText } from "./line-text.ts";
import { type Phase, phasesOf } from "./phase.ts";

/** A point that has no counterpart. */
export interface LonePoint {
  readonly index: number;
  readonly point: Digest;
  /** Names of the programs from the first one of the namespace to the one that acts. */
  readonly chain: readonly string[];
  readonly credentials: string;
  readonly act: string;
  /** The act as a sentence, where the profile has a sentence for it. */
  readonly says?: string;
  /** For a canister: whether the runtime acts or the workload. */
  readonly phase?: Phase;
}

/** A class rule of only one contour. */
export interface RuleLine {
  /** The place and the class, as the rule writes them. */
  readonly at: string;
  /** The programs that it is for; empty for every program. */
  readonly by: readonly string[];
  /** The operations that it is for. */
  readonly of: readonly string[];
  /** The names of a closed class. */
  readonly names?: readonly string[];
  /** Names that the class never takes. */
  readonly but?: readonly string[];
  /** How many learnt acts it stands for. */
  readonly replaces: number;
  /** What it accepts that was not learnt, in words. */
  readonly accepts: string;
  /** The evidence, in words. */
  readonly because: string;
}

/** The difference between two contours, from the least to the greatest. */
export interface ContourDiff {
  /** The class rules that only one of them has; absent where they have the same. */
  readonly rules?: { readonly onlyA: readonly RuleLine[]; readonly onlyB: readonly RuleLine[] };
  /** The number of points that both contours have. */
  readonly same: number;
  /**
   * The number of acts that both contours have, by programs whose identity changed; and of these, how many in each phase of a
   * canister.
   */
  readonly carried: number;
  readonly carriedIn?: Readonly<Record<Phase, number>>;
  readonly onlyA: readonly LonePoint[];
  readonly onlyB: readonly LonePoint[];
  /** Files whose content changed, and the number of acts on each. */
  readonly redigested: readonly (Redigested & { readonly points: number })[];
  /** Contents whose path changed, and the number of acts on each. */
  readonly renamed: readonly (Renamed & { readonly points: number })[];
  /** True if nothing but `same` was found. */
  readonly equal: boolean;
}

/** A point of only one contour, with its comparison keys. */
interface Odd {
  readonly index: number;
  /** Place of the task in the tree, and credentials. */
  readonly who: string;
  readonly act: string;
  /** The act, with the places of the programs that it names. */
  readonly does: string;
}

/**
 * Compares two contours; refuses those of different profiles or policies with `not-comparable`.
 *
 * @example
 * import { Contour, diffContours, iso1 } from "@isoline/core";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * const { equal, same } = diffContours(empty, empty);
 * console.log(equal, same);
 * // prints: true 0
 */
export function diffContours<E extends Exchange>(a: Contour<E>, b: Contour<E>): ContourDiff {
  assertComparable(a, b);
  const counterparts = counterpartsOf(a, b);
  let oddA = oddPoints(a, b, counterparts.placesA);
  let oddB = oddPoints(b, a, counterparts.placesB);
  const same = a.size - oddA.length;
  const redigested = new Counts<Redigested>(({ path, from, to }) => `${path} ${from} ${to}`, counterparts.redigested);
  const renamed = new Counts<Renamed>(({ from, to }) => `${from} ${to}`, counterparts.renamed);

  const match = (keyOf: (act: string) => string | undefined, found: (a: string, b: string) => void) => {
    const paired = pair(oddA, oddB, keyOf);
    for (const [one, other] of paired.pairs) found(one.act, other.act);
    oddA = paired.restA;
    oddB = paired.restB;
    return paired.pairs.length;
  };
  const phaseOf = phasesOf(a);
  const before = oddA;
  const carried = match(
    (act) => act,
    () => undefined,
  );
  const left = new Set(oddA);
  const moved = before.filter((odd) => !left.has(odd));
  match(withoutContents, (one, other) => redigested.add(...changedContents(one, other)));
  match(withoutPath, (one, other) => renamed.add({ from: pathOf(one) as string, to: pathOf(other) as string }));

  const onlyA = lonePoints(a, oddA);
  const onlyB = lonePoints(b, oddB);
  return {
    same,
    carried,
    ...(phaseOf && { carriedIn: countPhases(moved.map(({ index }) => phaseOf(a.actor(index).task))) }),
    onlyA,
    onlyB,
    redigested: redigested.all(),
    renamed: renamed.all(),
    equal: same === a.size && same === b.size,
  };
}

function oddPoints<E extends Exchange>(
  contour: Contour<E>,
  other: Contour<E>,
  places: ReadonlyMap<Digest, number>,
): Odd[] {
  const who = contour.actors.map(({ task, credentials }) => `${places.get(task)} ${formatCredentials(credentials)}`);
  const odd: Odd[] = [];
  for (let index = 0; index < contour.size; index++) {
    if (other.indexOfPoint(contour.point(index)) >= 0) continue;
    const act = contour.profile.formatAct(contour.event(index));
    // A program that both know is compared as itself: two that are called alike have one place.
    const does = withPlaces(act, (task) => (other.task(task) === undefined ? places.get(task) : undefined));
    odd.push({ index, who: who[contour.actorNumber(index)] as string, act, does });
  }
  return odd;
}

/** Pairs points that have the same key and the same actor. Each point is in one pair at most. */
function pair(a: readonly Odd[], b: readonly Odd[], keyOf: (act: string) => string | undefined) {
  const waiting = new Map<string, Odd[]>();
  const pairs: [Odd, Odd][] = [];
  const restA: Odd[] = [];
  const restB: Odd[] = [];
  for (const odd of b) {
    const key = keyOf(odd.does);
    const queue = key === undefined ? restB : waiting.get(`${odd.who} ${key}`);
    if (queue) queue.push(odd);
    else waiting.set(`${odd.who} ${key}`, [odd]);
  }
  for (const odd of a) {
    const key = keyOf(odd.does);
    const other = key === undefined ? undefined : waiting.get(`${odd.who} ${key}`)?.shift();
    if (other) pairs.push([odd, other]);
    else restA.push(odd);
  }
  for (const queue of waiting.values()) restB.push(...queue);
  return { pairs, restA, restB };
}

/** The contents that differ between two acts that are equal apart from digests. */
function changedContents(one: string, other: string): Redigested[] {
  const after = contentsOf(other);
  return contentsOf(one).flatMap(({ path, digest }, at) => {
    const to = after[at]?.digest;
    return to === digest ? [] : [{ path, from: digest, to }];
  });
}

function lonePoints<E extends Exchange>(contour: Contour<E>, odd: readonly Odd[]): LonePoint[] {
  const phaseOf = phasesOf(contour);
  const points = odd.map(({ index, act }): LonePoint => {
    const { task, credentials } = contour.actor(index);
    const chain = contour.taskChain(task).map(taskPhrase);
    const says = contour.profile.phrase?.(contour.event(index));
    return {
      index,
      point: contour.point(index),
      chain,
      credentials: formatCredentials(credentials),
      act,
      ...(says === undefined ? {} : { says }),
      ...(phaseOf ? { phase: phaseOf(task) } : {}),
    };
  });
  const key = ({ chain, credentials, act }: LonePoint) => `${chain.join(" ")} ${credentials} ${act}`;
  return points.sort((one, other) => compareText(key(one), key(other)));
}

function countPhases(found: readonly Phase[]): Record<Phase, number> {
  const runtime = found.filter((phase) => phase === "runtime").length;
  return { runtime, workload: found.length - runtime };
}

/** Distinct values, each with the number of its occurrences. */
class Counts<T extends object> {
  readonly #keyOf: (entry: T) => string;
  readonly #entries = new Map<string, { readonly entry: T; points: number }>();

  constructor(keyOf: (entry: T) => string, known: readonly T[]) {
    this.#keyOf = keyOf;
    for (const entry of known) this.#at(entry);
  }

  add(...entries: readonly T[]): void {
    for (const entry of entries) this.#at(entry).points += 1;
  }

  all(): (T & { readonly points: number })[] {
    const sorted = [...this.#entries].sort(([a], [b]) => compareText(a, b));
    return sorted.map(([, { entry, points }]) => ({ ...entry, points }));
  }

  #at(entry: T): { points: number } {
    const key = this.#keyOf(entry);
    const known = this.#entries.get(key) ?? { entry, points: 0 };
    this.#entries.set(key, known);
    return known;
  }
}
