/**
 * The last stage of the lens: from a levelled event to a levelled event, by the class rules of a policy.
 *
 * Pure, and the same for the same event, so a verdict may be remembered under the bytes that the event came from. A rule puts a
 * class in place of one component, in one directory; from left to right, so that a rule may lie below another's class.
 */
import { type Event, type FieldValue, subjectRecord } from "../../event/event.ts";
import type { Operation } from "../../event/operations.ts";
import { guardOf, isGuardedName, type Reach } from "./guarded.ts";
import { componentsOf, isFree } from "./levelled-path.ts";
import type { NameClass } from "./name-class.ts";
import { classFields } from "./operations.ts";
import { foundState } from "./found-state.ts";
import { type ClassRule, partsOf } from "./rule.ts";

/** A rule that is ready to be applied. `number` is its place in the policy. */
interface Ready {
  readonly number: number;
  readonly rule: ClassRule;
  readonly names: NameClass | undefined;
  readonly of: ReadonlySet<Operation>;
  readonly by: ReadonlySet<string> | undefined;
  readonly closed: ReadonlySet<string> | undefined;
  readonly but: ReadonlySet<string>;
}

/** An event in whose names a class may take part, with all that does not depend on the rules. */
export interface Nameable {
  readonly op: Operation;
  readonly event: Event;
  readonly reach: Reach;
  /** The fields that hold names. */
  readonly fields: readonly string[];
  /** The components of each; undefined for a name that no class may take part in. */
  readonly components: readonly (string[] | undefined)[];
}

/** An event after the class rules, and the rules that changed it. */
export interface Classed {
  readonly event: Event;
  /** Places in the policy, each once. Empty if nothing was changed. */
  readonly rules: readonly number[];
}

/** S_IFMT, S_IFDIR */
const DIRECTORY_TYPE = 0o170000;
const DIRECTORY = 0o040000;
const NONE: readonly number[] = [];

export class Classes {
  readonly rules: readonly ClassRule[];
  readonly #byDirectory = new Map<string, Ready[]>();
  readonly #found = new Map<string, Ready>();
  readonly #operations = new Set<Operation>();

  constructor(rules: readonly ClassRule[]) {
    this.rules = rules;
    for (const [number, rule] of rules.entries()) this.#add(number, rule);
  }

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  /** The event that is hashed. `programs`: the programs that led to the actor, as `namePath` writes them. */
  of(event: Event, programs: () => string): Classed {
    const names = this.#operations.has(event.op) ? nameable(event) : undefined;
    return names === undefined ? { event, rules: NONE } : this.level(names, programs);
  }

  /** The same for an event whose names were looked at before. */
  level(names: Nameable, programs: () => string): Classed {
    return this.changed(names, programs) ?? { event: names.event, rules: NONE };
  }

  /** The same; undefined where no rule changes the event. */
  changed(names: Nameable, programs: () => string): Classed | undefined {
    const { op, reach, fields } = names;
    if (!this.#operations.has(op)) return undefined;
    const used = new Set<number>();
    let subject: Record<string, FieldValue> | undefined;
    for (let at = 0; at < fields.length; at++) {
      const named = this.#named(names, at, programs, used);
      if (named !== undefined) subject = { ...(subject ?? subjectRecord(names.event)), [fields[at] as string]: named };
    }
    const named = subject && ({ ...names.event, subject } as unknown as Event);
    const found = reach === "any" && this.#found.size > 0;
    const event = found ? this.#foundIn(named ?? names.event, fields, programs, used) : named;
    return event === undefined || used.size === 0 ? undefined : { event, rules: [...used] };
  }

  /**
   * Whether an event is only the listing of one of a store's directories, over which it spreads its entries by hash: whether there
   * is one of that name depends on the hashes. So it is no event, as for those that the namespace made itself.
   */
  overlooks(event: Event): boolean {
    if (event.op !== "open" || event.subject.access !== "read" || (event.subject.mode & DIRECTORY_TYPE) !== DIRECTORY)
      return false;
    const components = componentsOf(event.subject.path);
    if (components === undefined || !/^(?:[0-9a-f]{2}|\$hash)$/.test(components.at(-1) as string)) return false;
    return (
      this.#byDirectory.get(components.slice(0, -1).join("/"))?.some(({ rule }) => rule.at.endsWith("/{<hash>}")) ??
      false
    );
  }

  /** A name with classes in place of its components; undefined where no rule changes it. */
  #named(names: Nameable, field: number, programs: () => string, used: Set<number>): string | undefined {
    const components = names.components[field];
    if (components === undefined) return undefined;
    let above = components[0] as string;
    let isChanged = false;
    for (let depth = 1; depth < components.length; depth++) {
      const component = components[depth] as string;
      const rule = this.#ruleFor(above, component, names, programs);
      if (rule === undefined) above += `/${component}`;
      else {
        above = rule.rule.at;
        isChanged = true;
        used.add(rule.number);
        if (rule.names?.kinds[0] === "tree") return above;
      }
    }
    return isChanged ? above : undefined;
  }

  #ruleFor(above: string, component: string, names: Nameable, programs: () => string): Ready | undefined {
    const rules = this.#byDirectory.get(above);
    const { reach } = names;
    if (rules === undefined || !isFree(component) || (reach !== "any" && isGuardedName(component))) return undefined;
    return rules.find(
      (rule) =>
        (reach === "any" || reachesAsFar(rule.names, reach)) && applies(rule, component, names) && isBy(rule, programs),
    );
  }

  /** Folds what was found, where a rule for the directory says so. */
  #foundIn(event: Event, fields: readonly string[], programs: () => string, used: Set<number>): Event {
    const path = subjectRecord(event)[fields.at(-1) as string] as string;
    const components = componentsOf(path);
    const directory = components?.slice(0, -1).join("/");
    const rule = directory === undefined ? undefined : this.#found.get(directory);
    if (!rule?.of.has(event.op) || !isBy(rule, programs)) return event;
    const folded = foundState(event);
    if (folded !== event) used.add(rule.number);
    return folded;
  }

  #add(number: number, rule: ClassRule): void {
    const parts = partsOf(rule);
    const by = rule.by && new Set(rule.by);
    const of = new Set(rule.of);
    const closed = rule.names && new Set(rule.names);
    const ready: Ready = { number, rule, names: parts?.names, of, by, closed, but: new Set(rule.but ?? []) };
    for (const operation of of) this.#operations.add(operation);
    if (parts === undefined) this.#found.set(rule.at, ready);
    else this.#byDirectory.set(parts.directory, [...(this.#byDirectory.get(parts.directory) ?? []), ready]);
  }
}

function applies({ names, of, closed, but }: Ready, component: string, named: Nameable): boolean {
  if (!of.has(named.op) || names === undefined || but.has(component)) return false;
  if (names.kinds[0] === "tree") return isPlainRead(named.event);
  if (closed) return closed.has(component);
  return names.matches(component);
}

/** Whether a class takes so little that it may take part in names of this reach. */
function reachesAsFar(names: NameClass | undefined, reach: Reach): boolean {
  return names !== undefined && (names.reach === reach || names.reach === "spelled");
}

function isBy({ by }: Ready, programs: () => string): boolean {
  return by === undefined || by.has(programs());
}

/** Reading, and nothing else. */
function isPlainRead(event: Event): boolean {
  return event.op === "open" && event.subject.access === "read";
}

/** Looks at the names of an event once, for any rules; undefined where no class may take part. */
export function nameable(event: Event): Nameable | undefined {
  const fields = classFields[event.op];
  const reach = fields && reachOf(event, fields);
  if (fields === undefined || reach === undefined) return undefined;
  const subject = subjectRecord(event);
  const components = fields.map((field) => componentsOf(subject[field] as string));
  return { op: event.op, event, reach, fields, components };
}

/** Which classes may take part in an event: none where any of its fields has a guarded name. */
function reachOf(event: Event, fields: readonly string[]): Reach | undefined {
  const subject = subjectRecord(event);
  if (subject["family"] !== undefined && subject["family"] !== "unix") return undefined;
  if (event.op === "symlink" && leadsAway(event.subject.content)) return undefined;
  const writes = !isPlainRead(event);
  const isFreeFor = (reach: Reach) =>
    fields.every((field) => guardOf(String(subject[field]), writes, reach) === undefined);
  return (["any", "form", "spelled"] as const).find(isFreeFor);
}

/** Whether the text of a link names anything but a neighbour of the link: then the link keeps its name. */
function leadsAway(content: string): boolean {
  return content.includes("/") || content.startsWith(".") || guardOf(`$CWD/${content}`, true) !== undefined;
}
