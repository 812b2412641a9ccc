/**
 * Applies class rules to what was learnt: the acts that a rule takes become one, their evidence is put together, and each act
 * that was replaced is kept in the evidence, under the line of its rule. When that line is gone the acts come back. Evidence is not
 * reviewed, so only acts come back that were one of a class which the contour has an act of; what else the line said of the class is not
 * known any more.
 */
import { Contour } from "../contour/contour.ts";
import { formatCredentials, parseCredentials } from "../contour/credentials.ts";
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import { type Event, subjectRecord } from "../event/event.ts";
import { formatAct, parseAct } from "../event/text.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { ReplacedAct } from "../evidence/remarks.ts";
import { Classes } from "../identity/classes/classes.ts";
import { classFields } from "../identity/classes/operations.ts";
import { namePath } from "../identity/classes/name-path.ts";
import { parseRule } from "../identity/classes/parse-rule.ts";
import { canonicalRule, type ClassRule } from "../identity/classes/rule.ts";
import { StaleActs } from "../identity/classes/stale.ts";
import { canonicalPolicy, type Policy } from "../identity/policy.ts";
import { parsePolicy } from "../identity/policy-file.ts";

/** A contour with the evidence beside it. */
export interface Learnt {
  readonly contour: Contour;
  /** Absent where there is none: then what a rule replaces cannot come back. */
  readonly evidence: Evidence | undefined;
}

/** The same behaviour under these rules, in place of those that the contour has. */
export function withRules({ contour, evidence }: Learnt, rules: readonly ClassRule[]): Learnt {
  const made = emptyLike(contour, rules);
  const classes = new Classes(rules);
  const lines = rules.map(lineOf);
  const moved = new Map<Digest, Digest>();
  const replaced: ReplacedAct[] = [];
  for (let index = 0; index < contour.size; index++) {
    const event = contour.event(index);
    if (classes.overlooks(event)) {
      for (const rule of storesOf(rules)) replaced.push(replacedAct(lineOf(rule), contour.point(index), event));
      continue;
    }
    const { event: classed, rules: used } = classes.of(event, () => namePath(contour.taskChain(event.actor.task)));
    const point = contour.point(index);
    moved.set(point, made.add(classed).point);
    for (const rule of used) replaced.push(replacedAct(lines[rule] as string, point, event));
  }
  const translated = evidence?.translate((point) => moved.get(point));
  translated?.addReplaced(replaced);
  return { contour: made, evidence: translated };
}

/**
 * The same behaviour where acts were put together from several contours: what was learnt by its name is one of the class that a rule of
 * the policy has for it.
 */
export function classed(contour: Contour): Contour {
  const { classes: rules } = policyOf(contour);
  return rules.length === 0 ? contour : withRules({ contour, evidence: undefined }, rules).contour;
}

/** How many acts of a contour are of a class for which its policy has no rule. */
export function staleIn(contour: Contour, isKnown: (index: number) => boolean = () => false): number {
  const stale = new StaleActs(policyOf(contour).classes);
  let count = 0;
  for (let index = 0; index < contour.size; index++) if (stale.has(contour.event(index)) && !isKnown(index)) count += 1;
  return count;
}

/** The rules by which the listing of a store's directory is no event. */
function storesOf(rules: readonly ClassRule[]): readonly ClassRule[] {
  return rules.filter(({ at }) => at.endsWith(STORE));
}

/** What came back after lines of the policy were deleted. */
export interface Restored extends Learnt {
  /** Acts of a rule that is gone: nothing can be one of them any more, so they were dropped. */
  readonly dropped: number;
  /** Acts that came back from the evidence. */
  readonly returned: number;
}

/** Drops the acts of rules that are gone from the policy, and puts back what they had replaced, as far as there is evidence. */
export function restored({ contour, evidence }: Learnt): Restored {
  const { classes: rules } = policyOf(contour);
  const stale = new StaleActs(rules);
  const gone = new Set<number>();
  for (let index = 0; index < contour.size; index++) if (stale.has(contour.event(index))) gone.add(index);
  if (gone.size === 0) return { contour, evidence, dropped: 0, returned: 0 };
  const made = emptyLike(contour, rules);
  for (let index = 0; index < contour.size; index++) if (!gone.has(index)) made.add(contour.event(index));
  const moved = new Map<Digest, Digest>();
  const classes = new Classes(rules);
  const before = made.size;
  const acts = evidence ? takeGone(evidence, new Set(rules.map(lineOf))) : [];
  const permitted = permittedBy(contour, acts);
  for (const act of acts) {
    const event = eventOf(act, made);
    if (event === undefined || !permitted(act, event)) continue;
    const classed = classes.of(event, () => namePath(made.taskChain(event.actor.task))).event;
    if (!stale.has(classed)) moved.set(act.point, made.add(classed).point);
  }
  evidence?.resolve([...moved.keys(), ...pointsOf(made)]);
  const translated = evidence?.translate(
    (point) => moved.get(point) ?? (made.indexOfPoint(point) < 0 ? undefined : point),
  );
  return { contour: made, evidence: translated, dropped: gone.size, returned: made.size - before };
}

/** A rule as its line in the policy has it. */
export function lineOf(rule: ClassRule): string {
  return JSON.stringify(canonicalRule(rule));
}

/** The policy of a contour, read from its text. */
export function policyOf(contour: Contour): Policy {
  return parsePolicy(JSON.parse(contour.policy));
}

function takeGone(evidence: Evidence, present: ReadonlySet<string>): ReplacedAct[] {
  const gone = new Set(evidence.replaced.map(({ rule }) => rule).filter((rule) => !present.has(rule)));
  return [...gone].flatMap((rule) => evidence.takeReplaced(rule));
}

/** Whether an act was one of what a contour has, under the rule that the act names and is gone, or under all of these. */
function permittedBy(contour: Contour, acts: readonly ReplacedAct[]): (act: ReplacedAct, event: Event) => boolean {
  const { classes: present } = policyOf(contour);
  const gone = new Map([...new Set(acts.map(({ rule }) => rule))].map((line) => [line, ruleIn(line)] as const));
  const all = new Classes([...present, ...[...gone.values()].flatMap((rule) => rule ?? [])]);
  const alone = new Map(Array.from(gone, ([line, rule]) => [line, rule && new Classes([rule])] as const));
  const stores = storesIn(contour);
  return ({ rule }, event) => {
    const programs = () => namePath(contour.taskChain(event.actor.task));
    const isListing = stores.has(storeOf(event));
    return [alone.get(rule), all].some(
      (each) => (isListing && each?.overlooks(event)) || contour.indexOf(each?.of(event, programs).event ?? event) >= 0,
    );
  };
}

const STORE = "/{<hash>}";

/** The stores that a contour has an act in: a rule that the evidence alone tells of makes none. */
function storesIn(contour: Contour): ReadonlySet<string> {
  const stores = new Set<string>();
  for (let index = 0; index < contour.size; index++) {
    const event = contour.event(index);
    for (const field of classFields[event.op] ?? []) {
      const path = `${String(subjectRecord(event)[field])}/`;
      for (let at = path.indexOf(`${STORE}/`); at >= 0; at = path.indexOf(`${STORE}/`, at + 1))
        stores.add(path.slice(0, at));
    }
  }
  return stores;
}

/** The store that an event would be the listing of. */
function storeOf(event: Event): string {
  const path = String(subjectRecord(event)["path"]);
  return path.slice(0, path.lastIndexOf("/"));
}

function ruleIn(line: string): ClassRule | undefined {
  try {
    return parseRule(JSON.parse(line), "a rule in the evidence");
  } catch {
    return undefined;
  }
}

function emptyLike(contour: Contour, rules: readonly ClassRule[]): Contour {
  const { profile, base, aggregate } = contour;
  const policy = canonicalPolicy({ ...policyOf(contour), classes: rules });
  const made = Contour.create({ profile, policy, base, aggregate });
  for (const task of contour.tasks()) made.defineTask(task);
  for (const reason of contour.incomplete) made.flag(reason);
  return made;
}

function replacedAct(rule: string, point: Digest, event: Event): ReplacedAct {
  const { task, credentials } = event.actor;
  return { rule, point, task, credentials: formatCredentials(credentials), act: formatAct(event) };
}

/** The event of an act that was kept; undefined where the contour does not know its task, or the text means nothing. */
function eventOf({ task, credentials, act }: ReplacedAct, contour: Contour): Event | undefined {
  const known = parseCredentials(credentials);
  const parent = task === ZERO_DIGEST ? ZERO_DIGEST : contour.task(task)?.parent;
  if (known === undefined || parent === undefined) return undefined;
  try {
    return parseAct(act, { task, parent, credentials: known });
  } catch {
    return undefined;
  }
}

function pointsOf(contour: Contour): Digest[] {
  return Array.from({ length: contour.size }, (_, index) => contour.point(index));
}
