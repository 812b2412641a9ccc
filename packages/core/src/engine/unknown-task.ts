/**
 * Explains why a task is not on the contour: a program that was never run, other content under a known path, or a known program
 * that was started another way.
 */
import { ZERO_DIGEST } from "../digest.ts";
import type { Event } from "../event/event.ts";
import { type Task, taskPhrase } from "../identity/task.ts";
import type { Finding, Witness } from "./explanation.ts";
import { chainPhrase, lineageOf, nameSafely } from "./lineage.ts";
import type { Neighbourhood } from "./nearest.ts";
import { digestChange, listed } from "./wording.ts";

/** A workload decides how long a lineage is; the search for the first unknown program is bounded. */
const MAX_DEPTH = 64;

/** Why the actor is not on the contour: its own program, or one that led to it. */
export function unknownTaskFinding(event: Event, learnt: Neighbourhood, witness: Witness): Finding | undefined {
  const id = event.actor.task;
  if (id === ZERO_DIGEST || learnt.points.task(id) !== undefined) return undefined;
  const task = witness.task?.id === id ? witness.task : witness.unknownTask?.(id);
  if (task === undefined) return { reason: "new-program", says: "no such task is on the contour" };
  const first = firstUnknown(task, learnt, witness);
  const finding = programFinding(first, learnt);
  return first === task
    ? finding
    : { ...finding, says: `it comes from \`${nameSafely(taskPhrase(first))}\`: ${finding.says}` };
}

/** The outermost program of a lineage that the contour does not have. Everything below it is off contour for that reason alone. */
function firstUnknown(task: Task, learnt: Neighbourhood, { unknownTask }: Witness): Task {
  let first = task;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (first.parent === ZERO_DIGEST || learnt.points.task(first.parent) !== undefined) break;
    const parent = unknownTask?.(first.parent);
    if (parent === undefined) break;
    first = parent;
  }
  return first;
}

function programFinding(task: Task, learnt: Neighbourhood): Finding {
  const path = task.images[0].path;
  const twins = learnt.twins(path);
  const sameContents = twins.filter((twin) => sameImages(twin, task));
  const sameCall = sameContents.find((twin) => callOf(twin) === callOf(task));
  const calledHere = sameContents.filter(({ parent }) => parent === task.parent);
  if (sameCall === undefined && sameContents.length > 0)
    return { reason: "other-call", says: callSays(calledHere.length > 0 ? calledHere : sameContents) };
  const sameContent = sameCall ?? sameContents[0];
  if (sameContent !== undefined) return { reason: "new-lineage", says: lineageSays(sameContent, learnt) };
  const twin = twins.find(({ parent }) => parent === task.parent) ?? twins[0];
  if (twin !== undefined) return { reason: "changed-program", says: imageSays(twin, task) };
  return { reason: "new-program", says: `${path} is not a program of this contour` };
}

function sameImages(one: Task, other: Task): boolean {
  return (
    one.images.length === other.images.length &&
    one.images.every((image, at) => image.digest === other.images[at]?.digest && image.path === other.images[at]?.path)
  );
}

/** The name that the program was called by, and what it was given to run. */
function callOf({ as, runs }: Task): string {
  return JSON.stringify([as ?? null, runs ?? []]);
}

function callSays(twins: readonly Task[]): string {
  const calls = [...new Set(twins.map((twin) => `\`${nameSafely(taskPhrase(twin))}\``))];
  return `on the contour that program is only called as ${listed(calls)}`;
}

function lineageSays(twin: Task, learnt: Neighbourhood): string {
  const chain = lineageOf(twin.id, learnt.points);
  return `on the contour \`${nameSafely(taskPhrase(twin))}\` is started another way: ${chainPhrase(chain)}`;
}

/** The file of a program whose content differs from the learnt content. */
function imageSays(twin: Task, now: Task): string {
  const changed = now.images.find((image, at) => {
    const learnt = twin.images[at];
    return learnt?.path !== image.path || learnt.digest !== image.digest;
  });
  const before = twin.images.find(({ path }) => path === changed?.path);
  if (changed === undefined) return `it runs without ${twin.images[now.images.length]?.path ?? "an interpreter"} now`;
  if (before === undefined) return `it is now loaded by ${changed.path}, which was not so when it was learnt`;
  return `the content of ${changed.path} changed: ${digestChange(before.digest, changed.digest)}`;
}
