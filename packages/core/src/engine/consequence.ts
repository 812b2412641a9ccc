/**
 * Ranks acts by consequence: what could follow if the act was not wanted. Credentials come first, then persistence, privilege,
 * execution, network, changes; reading and what every start loads come last.
 *
 * Pure, and a remark for readers only: no verdict depends on it. A workload that knows the table can choose acts that rank low,
 * but then they are such acts. It cannot hide an act: what is folded is counted, and reports list every departure.
 */
import { ZERO_DIGEST } from "../digest.ts";
import type { Actor, Event } from "../event/event.ts";
import { isOperation } from "../event/operations.ts";
import { parseAct } from "../event/text.ts";
import { type Consequence, consequences } from "./consequence/classes.ts";
import { anyOf, type PlaceTest } from "./consequence/place-pattern.ts";
import { type Rule, rules } from "./consequence/rules.ts";
import { isStartUp } from "./consequence/start-up.ts";
import { touchedBy } from "./consequence/touched.ts";
import type { Neighbourhood } from "./nearest.ts";

/** The consequence of an act, its place in the order (0 is the gravest), and the reason. */
export interface Ranked {
  readonly consequence: Consequence;
  readonly rank: number;
  readonly because: string;
}

/** The consequence of an act by itself. */
export function consequenceOf(event: Event): Ranked {
  return isStartUp(event) ? START_UP : (table.find((rule) => rule.fits(event))?.ranked ?? LEAST);
}

/**
 * The consequence of a departure. Files of a start are folded only for a program that the contour does not have, since the start of
 * one that it has was learnt. Code that the contour has with other content is execution wherever it lies.
 */
export function consequenceOfDeparture(event: Event, learnt: Neighbourhood): Ranked {
  if (hasOtherContent(event, learnt)) return CHANGED_CODE;
  const ranked = consequenceOf(event);
  const isKnown = event.actor.task === ZERO_DIGEST || learnt.points.task(event.actor.task) !== undefined;
  return ranked === START_UP && isKnown ? LEAST : ranked;
}

/** Gravest first: negative where the first of two departures comes before the second. */
export function compareDepartures(one: RankedAct, other: RankedAct): number {
  return rankOf(one) - rankOf(other);
}

/** A departure as a report has it. */
export interface RankedAct {
  readonly act: string;
  readonly consequence: Consequence;
}

function rankOf({ act, consequence }: RankedAct): number {
  const alone = consequenceOfAct(act);
  if (alone?.consequence === consequence) return alone.rank;
  if (consequence === START_UP.consequence) return START_UP.rank;
  return consequence === CHANGED_CODE.consequence ? CHANGED_CODE.rank : LEAST.rank;
}

/** The consequence of an act line, as reports and contours show it; undefined for the act of another profile. */
export function consequenceOfAct(act: string): Ranked | undefined {
  if (!isOperation(act.slice(0, `${act} `.indexOf(" ")))) return undefined;
  try {
    return consequenceOf(parseAct(act, ANY_ACTOR));
  } catch {
    return undefined;
  }
}

/** The contour has this very file as code, but never with this content. */
function hasOtherContent(event: Event, learnt: Neighbourhood): boolean {
  const digest = event.op === "map" || event.op === "exec" ? digestOf(event) : undefined;
  if (digest === undefined) return false;
  const known = learnt.at(event).flatMap(({ event: other }) => digestOf(other) ?? []);
  return known.length > 0 && !known.includes(digest);
}

function digestOf({ subject }: Event): string | undefined {
  return "digest" in subject ? subject.digest : undefined;
}

/** Gravest first, and the place of a rule within its consequence: those of one consequence keep their order in the table. */
const table = rules.map((rule, at) => {
  const major = consequences.indexOf(rule.consequence) * 2 + (rule.minor ? 1 : 0);
  const ranked: Ranked = {
    consequence: rule.consequence,
    rank: major * rules.length + at,
    because: rule.because,
  };
  return { ranked, fits: testOf(rule) };
});

const START_UP: Ranked = {
  consequence: "start-up",
  rank: consequences.length * 2 * rules.length,
  because: "almost every program loads it when it starts",
};
const CHANGED_CODE: Ranked = {
  consequence: "execution",
  rank: consequences.indexOf("execution") * 2 * rules.length,
  because: "code that the contour has with other content",
};
const LEAST = (table.at(-1) as (typeof table)[number]).ranked;

function testOf(rule: Rule): (event: Event) => boolean {
  const operations = rule.operations && new Set(rule.operations);
  const changes = rule.changes && anyOf(rule.changes);
  const touches = rule.touches && anyOf(rule.touches);
  const except: PlaceTest = rule.except === undefined ? () => false : anyOf(rule.except);
  const counts = (test: PlaceTest) => (path: string) => test(path) && !except(path);
  return (event) => {
    if (operations?.has(event.op) === false) return false;
    const touched = touchedBy(event);
    if (changes && !touched.changes.some(counts(changes))) return false;
    if (touches && ![...touched.changes, ...touched.looks].some(counts(touches))) return false;
    return rule.when?.(event) ?? true;
  };
}

const NO_IDS = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const ANY_ACTOR: Actor = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: NO_IDS };
