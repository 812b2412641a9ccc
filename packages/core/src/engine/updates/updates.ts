/**
 * Tells departures that are only an update: the learnt act of the learnt program, where nothing differs but the content of files
 * or the path of a program.
 *
 * A changed executable changes its own task identity and that of everything below it, so all that an updated program does is off
 * contour. Its acts are compared as if its learnt counterpart had done them: an act that the counterpart may do belongs to the
 * update, any other act is new.
 */
import { type Digest, ZERO_DIGEST } from "../../digest.ts";
import { type Event, type FieldValue, subjectRecord } from "../../event/event.ts";
import { fieldsOf } from "../../event/operations.ts";
import type { Task } from "../../identity/task.ts";
import type { Neighbourhood } from "../nearest.ts";
import { differences } from "../similarity.ts";
import { both, type Changes, contentChange, countOf, listChanges, NO_CHANGES, programChanges } from "./changes.ts";

/**
 * What a departure is. `updated-program`: a learnt act, by a program or with code whose content changed. `renamed-program`: the
 * same with a program whose path changed. `changed-content`: a learnt act on data whose content changed. `new`: anything else.
 */
export const departureClasses = ["updated-program", "renamed-program", "changed-content", "new"] as const;
export type DepartureClass = (typeof departureClasses)[number];

/** The class of a departure, and what changed; nothing for a new act of a program that is as it was learnt. */
export interface Classified extends Changes {
  readonly class: DepartureClass;
}

/** A learnt task that an unknown one was, before something changed. */
interface Counterpart {
  readonly id: Digest;
  readonly parent: Digest;
  readonly changes: Changes;
}

/** A contour that permits several versions has several counterparts for a further one. */
const MOST_COUNTERPARTS = 8;
/** A workload decides how long a lineage is. */
const MOST_DEPTH = 64;

export class Updates {
  readonly #learnt: Neighbourhood;
  readonly #unknownTask: (id: Digest) => Task | undefined;
  readonly #counterparts = new Map<Digest, readonly Counterpart[]>();
  #size = 0;

  /** `unknownTask` looks up a task that is not on the contour. */
  constructor(learnt: Neighbourhood, unknownTask: (id: Digest) => Task | undefined) {
    this.#learnt = learnt;
    this.#unknownTask = unknownTask;
  }

  /** Says what a departure is. */
  classify(event: Event): Classified {
    const { size } = this.#learnt.points;
    if (size !== this.#size) this.#counterparts.clear();
    this.#size = size;
    const counterparts = this.#counterpartsOf(event.actor.task);
    for (const { id, parent, changes } of counterparts) {
      const asLearnt = { ...event, actor: { ...event.actor, task: id, parent } };
      const more = this.#asTargetWasLearnt(asLearnt);
      if (more === undefined) continue;
      const all = both(changes, more);
      if (countOf(all) > 0) return { class: classOf(event, changes, all), ...all };
    }
    return { class: "new", ...(counterparts[0]?.changes ?? NO_CHANGES) };
  }

  /** What differs if the target of an act is as it was learnt, too; undefined if the act is not a learnt one. */
  #asTargetWasLearnt(event: Event): Changes | undefined {
    const target = subjectRecord(event)["target"] as Digest | undefined;
    if (target === undefined) return this.#asSubjectWasLearnt(event);
    for (const { id, changes } of this.#counterpartsOf(target)) {
      const more = this.#asSubjectWasLearnt({ ...event, subject: { ...event.subject, target: id } } as Event);
      if (more !== undefined) return both(changes, more);
    }
    return undefined;
  }

  #asSubjectWasLearnt(event: Event): Changes | undefined {
    if (this.#learnt.points.indexOf(event) >= 0) return NO_CHANGES;
    if (!fieldsOf(event.op).some(([name]) => name === "digest")) return undefined;
    const here = this.#learnt.at(event).filter(({ kinship }) => kinship === "same-act");
    const moved = event.op === "open" ? [] : this.#learnt.elsewhere(event);
    return [...here, ...moved]
      .map(({ event: learnt }) => subjectChanges(learnt, event))
      .filter((changes) => changes !== undefined)
      .sort((one, other) => countOf(one) - countOf(other))[0];
  }

  #counterpartsOf(id: Digest, depth = 0): readonly Counterpart[] {
    const known = this.#counterparts.get(id);
    if (known !== undefined) return known;
    const found = this.#find(id, depth);
    // A task that is not known yet may be told later.
    if (found.length > 0) this.#counterparts.set(id, found);
    return found;
  }

  #find(id: Digest, depth: number): readonly Counterpart[] {
    const { points } = this.#learnt;
    const learnt = points.task(id);
    if (id === ZERO_DIGEST || learnt !== undefined)
      return [{ id, parent: learnt?.parent ?? ZERO_DIGEST, changes: NO_CHANGES }];
    const task = depth < MOST_DEPTH ? this.#unknownTask(id) : undefined;
    if (task === undefined) return [];
    const candidates = this.#learnt.likely(task);
    return this.#counterpartsOf(task.parent, depth + 1)
      .flatMap((parent) =>
        candidates
          .filter((candidate) => candidate.parent === parent.id)
          .flatMap((candidate) => {
            const changes = programChanges(candidate, task);
            return changes === undefined
              ? []
              : [{ id: candidate.id, parent: parent.id, changes: both(parent.changes, changes) }];
          }),
      )
      .sort((one, other) => countOf(one.changes) - countOf(other.changes))
      .slice(0, MOST_COUNTERPARTS);
  }
}

/** What differs between a learnt act and the same act of the same program; undefined if it is another act. */
function subjectChanges(learnt: Event, now: Event): Changes | undefined {
  const [before, after] = [subjectRecord(learnt), subjectRecord(now)];
  let changes = NO_CHANGES;
  for (const { field } of differences(learnt, now)) {
    const change = fieldChange(field, before, after);
    if (change === undefined) return undefined;
    changes = both(changes, change);
  }
  // Content that changed and lies elsewhere as well is another file.
  return changes.moves.length > 0 && changes.contents.some(({ path }) => path === after["path"]) ? undefined : changes;
}

type Subject = Readonly<Record<string, FieldValue>>;

function fieldChange(field: string, before: Subject, after: Subject): Changes | undefined {
  const [was, is] = [before[field], after[field]];
  switch (field) {
    case "digest":
      return contentChange(after["path"] as string, was as string | undefined, is as string | undefined);
    case "loader":
    case "runs":
      return listChanges((was ?? []) as readonly string[], (is ?? []) as readonly string[]);
    case "path":
      return after["digest"] === undefined
        ? undefined
        : { contents: [], moves: [{ from: was as string, to: is as string }] };
    default:
      return undefined;
  }
}

/** Data that is opened is not code: its content changes without an update. */
function classOf(event: Event, ofActor: Changes, all: Changes): DepartureClass {
  if (all.contents.length === 0) return "renamed-program";
  return event.op === "open" && countOf(ofActor) === 0 ? "changed-content" : "updated-program";
}
