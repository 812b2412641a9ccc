/** The acts of a contour with the runs that saw them: what rules are derived from and judged by. */
import type { Contour } from "../contour/contour.ts";
import { encodeEvent } from "../event/encoding.ts";
import type { Event } from "../event/event.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { RunSet } from "../evidence/run-set.ts";
import { nameable, type Nameable } from "../identity/classes/classes.ts";
import { classFields } from "../identity/classes/operations.ts";
import { namePath } from "../identity/classes/name-path.ts";
import { Trials } from "./trials.ts";

/** An act after the rules. */
export interface Image {
  readonly act: Act;
  readonly event: Event;
  /** The rules that changed it, by their place among the candidates. */
  readonly rules: readonly number[];
  /** Equal for equal events after the rules; undefined where no rule changed the act. */
  readonly key: string | undefined;
}

export class Act {
  readonly event: Event;
  /** The programs that led to the actor, by name (`namePath`). */
  readonly programs: string;
  readonly runs: RunSet;
  /** The trials in which it was new (`trials.ts`). */
  readonly fresh: RunSet;
  /** Its names, looked at once for all the rules that are tried; undefined where no class may take part. */
  readonly names: Nameable | undefined;
  /** What it is after rules that do not change it, the same for any of them. */
  unchanged: Image | undefined;
  #key: string | undefined;

  constructor(event: Event, programs: string, runs: RunSet, fresh: RunSet) {
    this.event = event;
    this.programs = programs;
    this.runs = runs;
    this.fresh = fresh;
    this.names = nameable(event);
    for (const components of this.names?.components ?? []) if (components) shareDirectories(components);
  }

  /** Equal for equal events, and for no others. */
  get key(): string {
    this.#key ??= keyOf(this.event);
    return this.#key;
  }
}

const MOST_SHARED = 1 << 16;
const shared = new Map<string, string>();

/** Puts one text in place of equal ones: the directories of a hundred thousand files are few. */
function shareDirectories(components: string[]): void {
  if (shared.size > MOST_SHARED) shared.clear();
  for (let at = 0; at < components.length - 1; at++) {
    const component = components[at] as string;
    const known = shared.get(component);
    if (known === undefined) shared.set(component, component);
    else components[at] = known;
  }
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
    const event = contour.event(index);
    return new Act(event, programs.get(contour.actor(index)) ?? "-", runs, trials.of(runs));
  });
}

/** The names of an act that a class may take part in, by field. */
export function namesIn({ op, subject }: Event): readonly string[] {
  return (classFields[op] ?? []).map((field) => (subject as Record<string, unknown>)[field] as string);
}
