/**
 * Finds the learnt points nearest to an event, so that a departure can be explained by what would have been on contour.
 *
 * Nearest first: the same act of the same task with other attributes; the same task at the same place; the same act by another
 * task; the same operation of the same task elsewhere. Within a rank by closeness of the place, then by index, so the answer is
 * the same on every run.
 *
 * Nothing is built before the first query. The first query builds three indexes in one pass over the contour. From then on the
 * cost of a query is bounded, however large the contour is or how many points one task has.
 */
import type { Digest } from "../digest.ts";
import { encodeEvent } from "../event/encoding.ts";
import type { Event } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import { Chains } from "./chains.ts";
import { directoryHash, type Landmarks, readLandmarks } from "./landmarks.ts";
import { closeness, differences, directoryOf, isSameKind, placeOf } from "./similarity.ts";

/** The points of a contour, by index. */
export interface LearntPoints {
  readonly size: number;
  event(index: number): Event;
  /** The bytes of an event as `encodeEvent` gives them. */
  encoding?(index: number): Buffer;
  indexOf(event: Event): number;
  task(id: Digest): Task | undefined;
  /** The tasks from the first program of the namespace to this one. */
  taskChain(id: Digest): readonly Task[];
}

/** How a learnt point relates to an event that is not learnt. */
export type Kinship =
  /** The same task, operation and place; something else differs. */
  | "same-act"
  /** The same task and place, another operation. */
  | "same-place"
  /** The same operation and place, another task. */
  | "other-task"
  /** The same task and operation, another place. */
  | "same-task";

/** A learnt point that is near an event, and how it relates to it. */
export interface Neighbour {
  readonly index: number;
  readonly kinship: Kinship;
  readonly event: Event;
}

/** Number of points examined in one chain. A task with more places for one operation is searched by directory. */
const LOOKS = 512;
const LOOKS_PER_DIRECTORY = 64;
const DIRECTORIES = 32;
const REMEMBERED_EVENTS = 8192;

/** Finds the points of one contour that are near an event. */
export class Neighbourhood {
  readonly #points: LearntPoints;
  readonly #events = new Map<number, Event>();
  #indexed = -1;
  #acts = new Chains(0);
  #places = new Chains(0);
  #directories = new Chains(0);
  #programs: Programs = { byPath: new Map(), byContent: new Map() };

  constructor(points: LearntPoints) {
    this.#points = points;
  }

  get points(): LearntPoints {
    return this.#points;
  }

  /** The nearest points, nearest first, at most `limit`. */
  nearest(event: Event, limit = 3): Neighbour[] {
    const here = this.at(event);
    const ranks: Kinship[] = ["same-act", "same-place", "other-task"];
    const near = ranks.flatMap((kinship) => here.filter((neighbour) => neighbour.kinship === kinship));
    const elsewhere = near.length < limit ? this.elsewhere(event) : [];
    return [...near, ...elsewhere].slice(0, limit);
  }

  /** Points at the same place, by any task or operation; those with the fewest differences come first. */
  at(event: Event): Neighbour[] {
    this.#index();
    const place = placeOf(event);
    const found: Neighbour[] = [];
    for (const index of this.#places.walk(landmarksOf(event).place, LOOKS)) {
      const learnt = this.#event(index);
      if (placeOf(learnt) !== place) continue;
      const sameTask = learnt.actor.task === event.actor.task;
      const sameOperation = learnt.op === event.op;
      if (sameTask && sameOperation) found.push({ index, kinship: "same-act", event: learnt });
      else if (sameTask) found.push({ index, kinship: "same-place", event: learnt });
      else if (sameOperation) found.push({ index, kinship: "other-task", event: learnt });
    }
    return sortedBy(found, (learnt) => -differences(learnt, event).length);
  }

  /** Points of the same task and operation at other places, the closest place first. */
  elsewhere(event: Event): Neighbour[] {
    this.#index();
    const place = placeOf(event);
    const found = new Map<number, Event>();
    const look = (index: number) => {
      const learnt = this.#event(index);
      const fits = learnt.op === event.op && learnt.actor.task === event.actor.task;
      if (fits && placeOf(learnt) !== place) found.set(index, learnt);
    };
    const { act } = landmarksOf(event);
    for (const index of this.#acts.walk(act, LOOKS)) look(index);
    if (found.size >= LOOKS / 2) {
      for (const directory of ancestors(place).slice(0, DIRECTORIES)) {
        for (const index of this.#directories.walk(directoryHash(act, directory), LOOKS_PER_DIRECTORY)) look(index);
      }
    }
    const neighbours = Array.from(
      found,
      ([index, learnt]): Neighbour => ({ index, kinship: "same-task", event: learnt }),
    );
    return sortedBy(
      neighbours,
      (learnt) =>
        closeness(placeOf(learnt), place) +
        (isSameKind(learnt, event) ? 2 : 0) -
        differences(learnt, event).length / 100,
    );
  }

  /** Learnt tasks that run a program of the same path, from other content or out of another parent. */
  twins(path: string): readonly Task[] {
    this.#index();
    return this.#programs.byPath.get(path) ?? [];
  }

  /** Learnt tasks that a task may have been before it was updated or renamed: of the same path, then of the same content. */
  likely({ images: [{ path, digest }] }: Task): readonly Task[] {
    const twins = this.twins(path);
    const carriers = digest === undefined ? [] : (this.#programs.byContent.get(digest) ?? []);
    return [...twins, ...carriers.filter(({ images }) => images[0].path !== path)];
  }

  #index(): void {
    if (this.#indexed === this.#points.size) return;
    const size = this.#points.size;
    this.#acts = new Chains(size);
    this.#places = new Chains(size);
    this.#directories = new Chains(size);
    const tasks = new Map<number, number>();
    const marks: Landmarks = { act: 0, place: 0, directory: 0, task: 0 };
    for (let index = 0; index < size; index++) {
      readLandmarks(this.#points.encoding?.(index) ?? encodeEvent(this.#points.event(index)), marks);
      this.#acts.add(marks.act, index);
      this.#places.add(marks.place, index);
      this.#directories.add(marks.directory, index);
      if (!tasks.has(marks.task)) tasks.set(marks.task, index);
    }
    this.#programs = programsOf(tasks.values(), this.#points);
    this.#indexed = size;
  }

  /** Departures of one process compare with the same points repeatedly, and decoding them is the main cost. */
  #event(index: number): Event {
    const remembered = this.#events.get(index);
    if (remembered !== undefined) return remembered;
    if (this.#events.size >= REMEMBERED_EVENTS) this.#events.clear();
    const event = this.#points.event(index);
    this.#events.set(index, event);
    return event;
  }
}

function landmarksOf(event: Event): Landmarks {
  const marks: Landmarks = { act: 0, place: 0, directory: 0, task: 0 };
  readLandmarks(encodeEvent(event), marks);
  return marks;
}

interface Programs {
  readonly byPath: Map<string, Task[]>;
  readonly byContent: Map<Digest, Task[]>;
}

/** The tasks of one point each, by the path and by the content of their programs. */
function programsOf(indexes: Iterable<number>, points: LearntPoints): Programs {
  const programs: Programs = { byPath: new Map(), byContent: new Map() };
  for (const index of indexes) {
    const task = points.task(points.event(index).actor.task);
    if (task === undefined) continue;
    const { path, digest } = task.images[0];
    push(programs.byPath, path, task);
    if (digest !== undefined) push(programs.byContent, digest, task);
  }
  return programs;
}

function push<K>(groups: Map<K, Task[]>, key: K, task: Task): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [task]);
  else group.push(task);
}

/** The directories above a place, innermost first. */
function ancestors(place: string): string[] {
  const line: string[] = [];
  for (let at = directoryOf(place); ; at = directoryOf(at)) {
    line.push(at);
    if (at === "") return line;
  }
}

function sortedBy(neighbours: Neighbour[], score: (event: Event) => number): Neighbour[] {
  return neighbours
    .map((neighbour) => ({ neighbour, score: score(neighbour.event) }))
    .toSorted((one, other) => other.score - one.score || one.neighbour.index - other.neighbour.index)
    .map(({ neighbour }) => neighbour);
}
