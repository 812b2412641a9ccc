/** What a page shows of a contour, or of the difference between two: programs as a tree, and their acts by consequence and place. */
import {
  actingUsers,
  type Contour,
  type ContourDiff,
  type LonePoint,
  ruleText,
  userPhrase,
} from "@isoline/core/contour";
import { consequenceOf, consequenceOfAct, type Consequence, consequences } from "@isoline/core/engine";
import { type Event, phrase, subjectRecord } from "@isoline/core/event";
import { programName, taskPhrase } from "@isoline/core/identity";

/** An act: what it says, its directory as a number, and `+` or `-` in a difference. */
export type MapAct = readonly [says: string, place: number, sign?: "+" | "-"];

export interface MapProgram {
  readonly name: string;
  readonly path: string;
  /** How many programs led to it. */
  readonly depth: number;
  /** By the number of a consequence, gravest first. */
  readonly acts: readonly (readonly [consequence: number, acts: readonly MapAct[]])[];
}

export interface ContourMap {
  readonly title: string;
  readonly facts: readonly string[];
  /** Rules of only one side, and files whose content or path changed, in a difference. */
  readonly changed: readonly string[];
  readonly consequences: readonly string[];
  readonly places: readonly string[];
  readonly programs: readonly MapProgram[];
  /** The gravest acts of all. */
  readonly first: readonly {
    readonly program: string;
    readonly says: string;
    readonly consequence: string;
    readonly sign?: string;
  }[];
}

interface Ranked {
  readonly consequence: Consequence;
  readonly rank: number;
  readonly says: string;
  readonly place: string;
  readonly sign?: "+" | "-";
}

/** Rows of one consequence that stand before all programs. */
const FIRST_OF_EACH = 5;
/** What matters at first sight; the rest is a matter of each program. */
const WORTH_NAMING: ReadonlySet<Consequence> = new Set([
  "credentials",
  "persistence",
  "privilege",
  "execution",
  "network",
]);

export function mapOfContour(title: string, facts: readonly string[], contour: Contour): ContourMap {
  const byTask = new Map<string, Ranked[]>();
  const userOf = (index: number) => userPhrase(contour.actor(index).credentials);
  const users = new Set(Array.from({ length: contour.size }, (_, index) => userOf(index)));
  // Where there are several, a reader has to know of each act as which of them it is done.
  const asUser = (index: number) => (users.size > 1 ? ` (as ${userOf(index)})` : "");
  for (let index = 0; index < contour.size; index++) {
    const event = contour.event(index);
    const { task } = event.actor;
    const ranked = { ...consequenceOf(event), says: phrase(event) + asUser(index), place: placeOf(event) };
    const known = byTask.get(task);
    if (known === undefined) byTask.set(task, [ranked]);
    else known.push(ranked);
  }
  const tasks = new Map(Array.from(contour.tasks(), (task) => [task.id as string, task]));
  const before = [...byTask.keys()].filter((id) => !tasks.has(id));
  const programs = [
    ...before.map((id) => ({ name: "before the first program", path: "", depth: 0, acts: byTask.get(id) ?? [] })),
    ...Array.from(tasks.values(), (task) => ({
      name: taskPhrase(task),
      path: programName(task) === task.images[0].path ? "" : task.images[0].path,
      depth: contour.taskChain(task.id).length - 1,
      acts: byTask.get(task.id) ?? [],
    })),
  ];
  return mapOf(title, users.size === 1 ? [...facts, `as ${[...users].join()}`] : facts, [], programs);
}

export function mapOfDiff(title: string, facts: readonly string[], diff: ContourDiff): ContourMap {
  const tree = new Map<string, { name: string; path: string; depth: number; acts: Ranked[] }>();
  const plant = (chain: readonly string[]) => {
    for (let depth = 0; depth < Math.max(1, chain.length); depth++) {
      const key = chain.slice(0, depth + 1).join("\n");
      if (!tree.has(key))
        tree.set(key, { name: chain[depth] ?? "before the first program", path: "", depth, acts: [] });
    }
    return tree.get(chain.join("\n"));
  };
  const chainOf = chainsWithUsers([...diff.onlyA, ...diff.onlyB]);
  const add = (point: LonePoint, sign: "+" | "-") => plant(chainOf(point))?.acts.push(rankedLine(point, sign));
  for (const point of diff.onlyB) add(point, "+");
  for (const point of diff.onlyA) add(point, "-");
  const sorted = [...tree].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, program]) => program);
  const { onlyA, onlyB } = diff.rules ?? { onlyA: [], onlyB: [] };
  const changed = [
    ...onlyB.map((rule) => `added ${ruleText(rule)}`),
    ...onlyA.map((rule) => `removed ${ruleText(rule)}`),
    ...diff.redigested.map(({ path, points }) => `content of ${path} (${points})`),
    ...diff.renamed.map(({ from, to, points }) => `${from} is now ${to} (${points})`),
  ];
  return mapOf(title, facts, changed, sorted);
}

/** The programs that led to an act, the last with its user: where it acts as several, and where the user alone would hide something. */
function chainsWithUsers(points: readonly LonePoint[]): (point: LonePoint) => readonly string[] {
  const userOf = actingUsers(points);
  const users = new Map<string, Set<string>>();
  const keyOf = ({ chain }: LonePoint) => chain.join("\n");
  for (const point of points) users.set(keyOf(point), (users.get(keyOf(point)) ?? new Set()).add(userOf(point)));
  return (point) => {
    const { chain } = point;
    const user = userOf(point);
    const isSaid = /[ :]/.test(user) || (users.get(keyOf(point))?.size ?? 0) > 1;
    return isSaid ? [...chain.slice(0, -1), `${chain.at(-1) ?? "before the first program"} (${user})`] : chain;
  };
}

function rankedLine({ act, says }: LonePoint, sign: "+" | "-"): Ranked {
  const { consequence, rank } = consequenceOfAct(act) ?? {
    consequence: "read" as const,
    rank: Number.MAX_SAFE_INTEGER,
  };
  const place = / (?:path|address)=([^ ]+)/.exec(act)?.[1] ?? "";
  return { consequence, rank, says: says ?? act, place: directoryOf(place), sign };
}

type Planted = Omit<MapProgram, "acts"> & { readonly acts: readonly Ranked[] };

function mapOf(
  title: string,
  facts: readonly string[],
  changed: readonly string[],
  planted: readonly Planted[],
): ContourMap {
  const places = new Map<string, number>();
  const placeNumber = (place: string) => {
    const known = places.get(place) ?? places.size;
    places.set(place, known);
    return known;
  };
  const programs = planted.map(({ acts, ...program }) => ({ ...program, acts: byConsequence(acts, placeNumber) }));
  const all = planted.flatMap(({ name, acts }) => acts.map((act) => ({ program: name, ...act })));
  const sorted = all.filter(({ consequence }) => WORTH_NAMING.has(consequence)).toSorted(gravest);
  const first = consequences.flatMap((name) =>
    sorted.filter(({ consequence }) => consequence === name).slice(0, FIRST_OF_EACH),
  );
  return {
    title,
    facts,
    changed,
    consequences,
    places: [...places.keys()],
    programs,
    first: first.map(({ program, says, consequence, sign }) => ({
      program,
      says,
      consequence,
      ...(sign === undefined ? {} : { sign }),
    })),
  };
}

function byConsequence(acts: readonly Ranked[], placeNumber: (place: string) => number): MapProgram["acts"] {
  return consequences.flatMap((consequence, number) => {
    const own = acts.filter((act) => act.consequence === consequence).toSorted(gravest);
    if (own.length === 0) return [];
    const rows = own.map(({ says, place, sign }): MapAct => {
      const at = placeNumber(place);
      return sign === undefined ? [says, at] : [says, at, sign];
    });
    return [[number, rows] as const];
  });
}

function gravest(one: Ranked, other: Ranked): number {
  return one.rank - other.rank || (one.place < other.place ? -1 : one.place > other.place ? 1 : 0);
}

function placeOf(event: Event): string {
  const subject = subjectRecord(event);
  return directoryOf(String(subject["path"] ?? subject["address"] ?? ""));
}

function directoryOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : "";
}
