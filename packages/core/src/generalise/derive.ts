/**
 * Derives rules from acts, one tier after the other: which classes of names, in which directories, would explain what otherwise
 * only one run did. Whether a rule is then kept is decided elsewhere (`choose.ts`).
 */
import { IsolineError } from "../error.ts";
import { RunSet } from "../evidence/run-set.ts";
import { guardOf, isGuardedName, type Reach } from "../identity/classes/guarded.ts";
import { componentsOf, isFree } from "../identity/classes/levelled-path.ts";
import { isPlain, NameClass } from "../identity/classes/name-class.ts";
import { MOST_NAMES, MOST_PROGRAMS, parseRule } from "../identity/classes/parse-rule.ts";
import { canonicalRule, type ClassRule } from "../identity/classes/rule.ts";
import { type Candidate, type Tier, Uses } from "./candidate.ts";
import { type Act, namesIn, type Image } from "./acts.ts";
import { actsAt, merged, type Place } from "./places.ts";
import { isDrawnInPart, type Kin, kinOf } from "./kin.ts";
import { endingOf, hasHexLetters, isLabel, shapeOf, spelledShape, templateOf } from "./shape.ts";
import { becauseOf, acceptsOf } from "./wording.ts";

/** Names that this share of the runs have are no part of what varies. */
const STEADY = 0.75;

export interface Grounds {
  /** How many runs there are. */
  readonly runs: number;
  readonly lonely: ReadonlySet<Image>;
  /** Classes that a wider one of the same directory and ending may take the place of, by their place. */
  readonly narrower?: ReadonlyMap<string, Candidate>;
  /** Kin of names of which several values were learnt (`kinIn`). */
  readonly kin?: Kin;
}

const NO_KIN: Kin = { known: new Set(), novel: new Set() };

/** A group of names in one directory that could be one class. */
interface Group {
  readonly tier: Tier;
  /** The class as a rule writes it. */
  readonly text: string;
  readonly names: readonly string[];
  /** Names that the class would take but must not. */
  readonly but: readonly string[];
}

/** Finds the groups of one directory. */
type Grouping = (at: Place, grounds: Grounds) => readonly Group[];

/** The rules of one kind over all places, from the top down: what lies below several names is looked at as one. */
export function derive(tops: ReadonlyMap<string, Place>, grouping: Grouping, grounds: Grounds): Candidate[] {
  const found: Candidate[] = [];
  const visit = (at: Place): void => {
    if (at.lonely.size === 0 && grounds.kin === undefined) return;
    for (const group of grouping(at, grounds)) {
      const members = group.names.map((name) => [name, at.children.get(name) as Place] as const);
      const whole = merged(
        `${at.path}/${group.text}`,
        members.map(([, child]) => child),
      );
      const known = at.children.get(group.text);
      const candidate = candidateOf(at.path, group, members, grounds);
      if (candidate === undefined) continue;
      for (const name of group.names) at.remove(name);
      at.put(group.text, known ? merged(whole.path, [known, whole]) : whole);
      found.push(candidate);
    }
    for (const child of at.children.values()) visit(child);
  };
  for (const top of tops.values()) visit(top);
  return found;
}

function candidateOf(
  directory: string,
  { tier, text, but }: Group,
  members: readonly (readonly [string, Place])[],
  { runs, lonely }: Grounds,
): Candidate | undefined {
  const uses = new Uses();
  const operations = new Set<ClassRule["of"][number]>();
  const fresh = new RunSet();
  let replaces = 0;
  const depth = directory.split("/").length;
  for (const [, child] of members) {
    for (const { image, real } of actsAt(child)) {
      uses.note(real[depth] ?? "", image.act);
      operations.add(image.act.op);
      replaces += 1;
      if (lonely.has(image)) fresh.addAll(image.act.fresh);
    }
  }
  const kin = tier === "form" || tier === "number" ? kinOf(text) : "";
  const programs = tier === "form" || tier === "number" ? [] : uses.varying;
  const by = programs.length > 0 && programs.length <= MOST_PROGRAMS ? programs : undefined;
  const of = [...operations].toSorted();
  const rule: ClassRule = {
    at: `${directory}/${text}`,
    ...(tier === "closed" && { names: [...uses.names.keys()].toSorted() }),
    ...(but.length > 0 && { but: [...but].toSorted() }),
    ...(by && { by }),
    of,
    replaces,
    accepts: acceptsOf(text, tier, uses.names.size),
    because: becauseOf({
      directory,
      text,
      names: uses.names.size,
      runs,
      fresh: new Set([...fresh].map((trial) => trial % runs)).size,
      by,
    }),
  };
  if (!isAllowed(rule)) return undefined;
  const isLearnt = (others: RunSet, act: Act) =>
    tier !== "closed" ||
    namesIn(act.event).every((name) => uses.names.get(componentsOf(name)?.[depth] ?? "")?.meets(others) ?? true);
  return {
    tier,
    rule,
    names: uses.names,
    fresh,
    ...(kin !== "" && { kin }),
    holdsFrom: (others, act) => uses.holdFrom(others, act.programs, tier) && isLearnt(others, act),
  };
}

/** Whether a policy may hold the rule: some places are guarded from what writes, or from classes without a form. */
function isAllowed(rule: ClassRule): boolean {
  try {
    parseRule(canonicalRule(rule), "rule");
    return true;
  } catch (fault) {
    if (fault instanceof IsolineError) return false;
    throw fault;
  }
}

/** B and N: names that are made alike. */
export const byForm: Grouping = (at, { kin = NO_KIN }) => {
  const groups = new Map<string, string[]>();
  const free = [...at.children].filter(([name, child]) => mayVary(at, name, child, "form"));
  const letters = new Set(free.flatMap(([name]) => (hasHexLetters(name) ? (shapeOf(name, true) ?? []) : [])));
  const isFan = free.filter(([name]) => name === "$hash" || /^[0-9a-f]{2}$/.test(name)).length;
  for (const [name, child] of free) {
    const hexadecimal = letters.size > 0 ? shapeOf(name, true) : undefined;
    const fan = /^[0-9a-f]{2}$/.test(name) && (isFan >= 6 || at.children.has("$hash")) ? "{<hash>}" : undefined;
    const shape = fan ?? (hexadecimal !== undefined && letters.has(hexadecimal) ? hexadecimal : child.shape);
    if (shape === undefined) continue;
    collect(groups, shape, name);
  }
  // Where the name of a directory varies, so do the names below it that are numbered alike.
  const isBelow = at.path.includes("<");
  const isNew = (text: string, names: readonly string[]) => isBelow || isNovel(at, names) || kin.novel.has(kinOf(text));
  const formed: Group[] = [...groups]
    .filter(([text, names]) => (names.length > 1 || kin.known.has(kinOf(text))) && isNew(text, names))
    .map(([text, names]) => ({
      tier: /<(?:n|x|date)>/.test(text) ? "number" : "form",
      text,
      names,
      but: [],
    }));
  const drawn = [...spelledOut(at), ...byLabel(at, free, kin)];
  return [
    ...drawn,
    ...formed.filter(({ names }) => !drawn.some((group) => names.some((name) => group.names.includes(name)))),
  ];
};

/** Names that the lens levels in some runs, and not in others, because by chance they do not look drawn or were there before. */
function byLabel(at: Place, free: readonly (readonly [string, Place])[], kin: Kin): Group[] {
  return [...byEndingOf(free.map(([name]) => name))].flatMap(([ending, all]) => {
    const text = `{<id>}${ending}`;
    const id = NameClass.parse(text);
    const names = id instanceof NameClass ? all.filter((name) => id.matches(name)) : [];
    const isDrawn = isDrawnInPart(names) || (kin.known.has(kinOf(text)) && !names.every(isLabel));
    return isDrawn && (isNovel(at, names) || kin.novel.has(kinOf(text)))
      ? [{ tier: "form", text, names, but: [] }]
      : [];
  });
}

/** Paths that are spelled out as names, with those of the same ending that the lens levels because they look drawn. */
function spelledOut(at: Place): Group[] {
  const free = [...at.children].filter(([name, child]) => mayVary(at, name, child, "spelled")).map(([name]) => name);
  return [...byEndingOf(free)].flatMap(([ending, all]) => {
    const text = `{<path>}${ending}`;
    const names = all.filter((name) => isLabel(name) || spelledShape(name) === text);
    const spelled = names.filter((name) => !isLabel(name));
    return spelled.length > 1 && isNovel(at, names) ? [{ tier: "form", text, names, but: [] }] : [];
  });
}

function byEndingOf(names: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) collect(groups, endingOf(name), name);
  return groups;
}

/** C: three names and more of one ending, where what is new is only who used which. */
export const closed: Grouping = (at, grounds) =>
  byEnding(at, grounds, "form").flatMap(({ ending, text, names }) => {
    const files = names.filter((name) => (at.children.get(name) as Place).children.size === 0);
    const isNew = files.some((name) => hasKnownNovelty(at.children.get(name) as Place));
    const fits = isNew && files.length >= 3 && files.length <= MOST_NAMES && text.length <= 40 && isPlain(ending);
    return fits ? [{ tier: "closed", text, names: files, but: [] }] : [];
  });

/** T: a template for names of one ending. */
export const template: Grouping = (at, grounds) =>
  byEnding(at, grounds)
    .filter(({ ending }) => ending !== "")
    .flatMap((group) => templated(at, "template", group));

/** The widest: any name, also one without an ending. */
export const anyName: Grouping = (at, grounds) =>
  byEnding(at, grounds).flatMap((group) => templated(at, group.ending === "" ? "any-name" : "template", group));

function templated(at: Place, tier: Tier, { names, real, steady, ending }: Ending): Group[] {
  if (real.length < 4 || !names.some((name) => isNewName(at.children.get(name) as Place))) return [];
  const text = templateOf(real, ending);
  if (text === undefined) return [];
  const parsed = NameClass.parse(text);
  if (!(parsed instanceof NameClass)) return [];
  const but = steady.filter((name) => parsed.matches(name));
  return but.length > MOST_NAMES ? [] : [{ tier, text, names, but }];
}

interface Ending {
  readonly ending: string;
  readonly text: string;
  /** What varies: names, and narrower classes. */
  readonly names: readonly string[];
  /** The same, with the names that the classes took. */
  readonly real: readonly string[];
  /** Names that nearly every run has. */
  readonly steady: readonly string[];
}

function byEnding(at: Place, { runs, narrower }: Grounds, reach: Reach = "any"): Ending[] {
  const groups = new Map<string, { names: string[]; real: string[]; steady: string[] }>();
  for (const [name, child] of at.children) {
    const taken = narrower?.get(`${at.path}/${name}`);
    if (taken === undefined && (!mayVary(at, name, child, reach) || /^[.{]/.test(name) || name === "$hash")) continue;
    const ending = endingOf(name);
    let group = groups.get(ending);
    if (group === undefined) groups.set(ending, (group = { names: [], real: [], steady: [] }));
    if (taken === undefined && child.runs.size > STEADY * runs && runs > 2 && !hasNovelty(child))
      group.steady.push(name);
    else {
      group.names.push(name);
      group.real.push(...(taken ? taken.names.keys() : [name]));
    }
  }
  return [...groups]
    .filter(([, { names }]) => isNovel(at, names))
    .map(([ending, group]) => ({ ending, text: `{<one>}${ending}`, ...group }));
}

/** A name that a class may take part in: a real name, no class yet, and not in a guarded place. */
function mayVary(at: Place, name: string, child: Place, reach: Reach): boolean {
  if (!isFree(name) || child.acts === 0 || /<(?:[a-z]{1,8})>/.test(name) || isGuardedName(name)) return false;
  return guardOf(`${at.path}/${name}`, false, reach) === undefined;
}

function isNovel(at: Place, names: readonly string[]): boolean {
  return names.some((name) => hasNovelty(at.children.get(name) as Place));
}

function hasNovelty({ lonely }: Place): boolean {
  return lonely.size > 0;
}

/** The name itself was new, and not only what was done with it. */
function isNewName({ newest }: Place): boolean {
  return newest;
}

/** Several runs had the name, and one did something with it that no other did. */
function hasKnownNovelty({ runs, lonely }: Place): boolean {
  return lonely.size > 0 && runs.only === undefined;
}

function collect(groups: Map<string, string[]>, key: string, name: string): void {
  const known = groups.get(key);
  if (known) known.push(name);
  else groups.set(key, [name]);
}
