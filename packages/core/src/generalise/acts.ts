/** The acts of a contour with the runs that saw them: what rules are derived from and judged by. */
import type { Contour } from "../contour/contour.ts";
import { encodeEvent } from "../event/encoding.ts";
import type { Event } from "../event/event.ts";
import type { Operation } from "../event/operations.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { RunSet } from "../evidence/run-set.ts";
import { nameable, type Nameable } from "../identity/classes/classes.ts";
import { isFoundState } from "../identity/classes/found-state.ts";
import type { Reach } from "../identity/classes/guarded.ts";
import { classFields } from "../identity/classes/operations.ts";
import { namePath } from "../identity/classes/name-path.ts";
import { Trials } from "./trials.ts";

/** An act after the rules. */
export class Image {
  readonly act: Act;
  /** The rules that changed it, by their place among the candidates. */
  readonly rules: readonly number[];
  /** Equal for equal events after the rules; undefined where no rule changed the act. */
  readonly key: string | undefined;
  readonly #changed: Event | undefined;

  constructor(act: Act, changed?: Event, key?: string, rules: readonly number[] = NO_RULES) {
    this.act = act;
    this.rules = rules;
    this.key = key;
    this.#changed = changed;
  }

  get event(): Event {
    return this.#changed ?? this.act.event;
  }

  get op(): Operation {
    return this.#changed?.op ?? this.act.op;
  }
}

const NO_RULES: readonly number[] = [];

/**
 * An act of a contour. There may be a hundred thousand, so it holds the names that a class may take part in, and has the contour
 * recall the rest when it is asked for.
 */
export class Act implements Omit<Nameable, "reach"> {
  readonly #contour: Contour;
  /** Its place on the contour. */
  readonly index: number;
  readonly op: Operation;
  /** The programs that led to the actor, by name (`namePath`). */
  readonly programs: string;
  readonly runs: RunSet;
  /** The trials in which it was new (`trials.ts`). */
  readonly fresh: RunSet;
  /** Which classes may take part in it; undefined where none may. */
  readonly reach: Reach | undefined;
  /** The components of its names, looked at once for all the rules that are tried; of no use where no class may take part. */
  readonly components: Nameable["components"];
  /** Whether it may be the listing of a store's directory (`Classes.overlooks`). */
  readonly isListing: boolean;
  /** Whether earlier rules have made it, so that other acts may become the same. */
  readonly isMade: boolean;
  /** What it is after rules that do not change it, the same for any of them. */
  readonly unchanged = new Image(this);

  constructor(contour: Contour, index: number, { programs, runs, fresh }: Pick<Act, "programs" | "runs" | "fresh">) {
    const event = contour.event(index);
    const names = nameable(event);
    this.#contour = contour;
    this.index = index;
    this.op = one(event.op);
    this.programs = programs;
    this.runs = runs;
    this.fresh = fresh;
    this.reach = names?.reach;
    this.components = names?.components.map((components) => components && kept(components)) ?? NO_NAMES;
    this.isListing =
      event.op === "open" && event.subject.access === "read" && (event.subject.mode & TYPE) === DIRECTORY;
    this.isMade = isFoundState(event) || namesIn(event).some((name) => name.includes("<"));
  }

  get event(): Event {
    return this.#contour.event(this.index);
  }

  /** The place of an event on the contour that the act is on, or -1. */
  placeOf(event: Event): number {
    return this.#contour.indexOf(event);
  }

  get fields(): readonly string[] {
    return classFields[this.op] ?? [];
  }

  /** Its names, for class rules; undefined where no class may take part. */
  get names(): Nameable | undefined {
    return this.reach === undefined ? undefined : (this as Nameable);
  }

  /** Equal for equal events, and for no others. */
  get key(): string {
    return keyOf(this.event);
  }
}

/** S_IFMT, S_IFDIR */
const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const NO_NAMES: Nameable["components"] = [];
const MOST_SHARED = 1 << 16;
/** From this length on V8 keeps what was cut out of a text as a view of it, and so the whole text. */
const VIEWED = 13;
const shared = new Map<string, string>();

/** One text in place of equal ones. */
function one<T extends string>(text: T): T {
  const known = shared.get(text);
  if (known !== undefined) return known as T;
  if (shared.size > MOST_SHARED) shared.clear();
  shared.set(text, text);
  return text;
}

/** The same components in as little memory as they need: the directories of a hundred thousand files are few. */
function kept(components: readonly string[]): string[] {
  const last = components.length - 1;
  return components.map((component, at) => {
    if (at < last) return one(component);
    return component.length < VIEWED ? component : Buffer.from(component).toString();
  });
}

/** The bytes of an event as text. */
export function keyOf(event: Event): string {
  return encodeEvent(event).toString("latin1");
}

/** Every act that a run saw. A point without evidence counts as one that every run saw: nothing follows from it. */
export function actsOf(contour: Contour, evidence: Evidence, trials: Trials = new Trials(evidence)): Act[] {
  const all = RunSet.of(evidence.runs.keys());
  const programs = new Map(contour.actors.map((actor) => [actor, namePath(contour.taskChain(actor.task))]));
  return Array.from({ length: contour.size }, (_, index) => {
    const runs = evidence.runsOf(contour.point(index)) ?? all;
    return new Act(contour, index, {
      programs: programs.get(contour.actor(index)) ?? "-",
      runs,
      fresh: trials.of(runs),
    });
  });
}

/** The names of an act that a class may take part in, by field. */
export function namesIn({ op, subject }: Event): readonly string[] {
  return (classFields[op] ?? []).map((field) => (subject as Record<string, unknown>)[field] as string);
}
