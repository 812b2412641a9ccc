/**
 * Finds the tasks of two contours that are the same program at the same place in the tree, although their identities differ.
 *
 * A changed executable changes its own identity and the identity of everything below it, so identities cannot be compared.
 * Paths can be: starting from the top, children of counterparts are counterparts if they have the same path, or else the same
 * content.
 */
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import type { Image, Task } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";

/** A file whose content differs in the second contour. */
export interface Redigested {
  readonly path: string;
  readonly from: Digest | undefined;
  readonly to: Digest | undefined;
}

/** Content whose path differs in the second contour. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

export interface Counterparts {
  /** A number for each task id, equal for counterparts. 0 stands for "no task". */
  readonly placesA: ReadonlyMap<Digest, number>;
  readonly placesB: ReadonlyMap<Digest, number>;
  readonly redigested: readonly Redigested[];
  readonly renamed: readonly Renamed[];
}

type Tasks = readonly Task[];
interface Family {
  readonly a: Tasks;
  readonly b: Tasks;
}

export function counterpartsOf<E extends Exchange>(a: Contour<E>, b: Contour<E>): Counterparts {
  const placesA = new Map([[ZERO_DIGEST, 0]]);
  const placesB = new Map([[ZERO_DIGEST, 0]]);
  const redigested: Redigested[] = [];
  const renamed: Renamed[] = [];
  const childrenA = childrenOf(a);
  const childrenB = childrenOf(b);
  const pending = families(childrenA(ZERO_DIGEST), childrenB(ZERO_DIGEST), renamed);
  let places = 0;
  for (let family = pending.pop(); family; family = pending.pop()) {
    places += 1;
    for (const task of family.a) placesA.set(task.id, places);
    for (const task of family.b) placesB.set(task.id, places);
    for (const change of changedImages(family)) redigested.push(change);
    const below = (tasks: Tasks, children: (id: Digest) => Tasks) => tasks.flatMap((task) => children(task.id));
    // One by one, as in the table of tasks.
    for (const each of families(below(family.a, childrenA), below(family.b, childrenB), renamed)) pending.push(each);
  }
  return { placesA, placesB, redigested, renamed };
}

function childrenOf<E extends Exchange>(contour: Contour<E>): (id: Digest) => Tasks {
  const children = new Map<Digest, Task[]>();
  for (const task of contour.tasks()) {
    const siblings = children.get(task.parent);
    if (siblings) siblings.push(task);
    else children.set(task.parent, [task]);
  }
  return (id) => children.get(id) ?? [];
}

/** Pairs children of counterparts by path and by the name they were called by; the remaining children by content. */
function families(a: Tasks, b: Tasks, renamed: Renamed[]): Family[] {
  const byPathA = groupBy(a, programOf);
  const byPathB = groupBy(b, programOf);
  const common = [...byPathA.keys()].filter((path) => byPathB.has(path));
  const found = common.map((path) => ({ a: byPathA.get(path) as Tasks, b: byPathB.get(path) as Tasks }));
  const lostA = groupBy(
    a.filter((task) => !byPathB.has(programOf(task))),
    contentOf,
  );
  const lostB = groupBy(
    b.filter((task) => !byPathA.has(programOf(task))),
    contentOf,
  );
  for (const [content, tasks] of lostA) {
    const there = lostB.get(content) ?? [];
    lostB.delete(content);
    found.push({ a: tasks, b: there });
    if (there[0] && tasks[0] && pathOf(tasks[0]) !== pathOf(there[0]))
      renamed.push({ from: pathOf(tasks[0]), to: pathOf(there[0]) });
  }
  for (const tasks of lostB.values()) found.push({ a: [], b: tasks });
  return found;
}

/** Compares the images of two counterparts. Images without an equal on the other side are paired in order. */
function changedImages({ a, b }: Family): Redigested[] {
  const contentsA = new Set(a.map(contentOf));
  const contentsB = new Set(b.map(contentOf));
  const onlyA = a.filter((task) => !contentsB.has(contentOf(task)));
  const onlyB = b.filter((task) => !contentsA.has(contentOf(task)));
  return onlyA.slice(0, onlyB.length).flatMap((task, at) => changesBetween(task.images, (onlyB[at] as Task).images));
}

function changesBetween(a: readonly Image[], b: readonly Image[]): Redigested[] {
  const before = new Map(a.map((image) => [image.path, image.digest]));
  return b
    .filter(({ path, digest }) => before.has(path) && before.get(path) !== digest)
    .map(({ path, digest }) => ({ path, from: before.get(path), to: digest }));
}

const pathOf = (task: Task) => task.images[0].path;
const programOf = (task: Task) => `${pathOf(task)} ${callOf(task)}`;
const contentOf = (task: Task) => `${callOf(task)} ${task.images.map(({ path, digest }) => digest ?? path).join(" ")}`;
/** The name that the task was called by, and what it was given to run, without content digests. */
const callOf = ({ as = "", runs = [] }: Task) =>
  [as, ...runs.map((run) => run.replace(/@[0-9a-f]{64}$/, ""))].join(" ");

function groupBy<T>(entries: readonly T[], keyOf: (entry: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(keyOf(entry));
    if (group) group.push(entry);
    else groups.set(keyOf(entry), [entry]);
  }
  return groups;
}
