/** Makes a contour anew out of another one: with fewer points, or with other tasks and other contents in the same acts. */
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import type { Event } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import { Contour } from "./contour.ts";

/** What becomes of tasks and events. The event of `act` has its actor already; undefined leaves it out. */
export interface Changing {
  readonly task?: (task: Task, parent: Digest) => Task;
  readonly act?: (event: Event, index: number) => Event | undefined;
}

export interface Rebuilt {
  readonly contour: Contour;
  /** The new point of each old one that was not left out. */
  readonly points: ReadonlyMap<Digest, Digest>;
  readonly tasks: ReadonlyMap<Digest, Digest>;
}

/** A contour of the same profile, policy, base and aggregate. Tasks that nothing acts as, and that lead to none that acts, are left out. */
export function rebuild(contour: Contour, { task: changed = withParent, act = (event) => event }: Changing): Rebuilt {
  const { profile, policy, base, aggregate } = contour;
  const made = Contour.create({ profile, policy, base, aggregate });
  const tasks = new Map<Digest, Digest>([[ZERO_DIGEST, ZERO_DIGEST]]);
  const byId = new Map<Digest, Task>();
  for (const task of contour.tasks()) {
    const now = changed(task, tasks.get(task.parent) as Digest);
    tasks.set(task.id, now.id);
    byId.set(now.id, now);
  }
  const define = (id: Digest): void => {
    const missing: Task[] = [];
    for (let task = byId.get(id); task !== undefined && made.task(task.id) === undefined; task = byId.get(task.parent))
      missing.push(task);
    for (const task of missing.reverse()) made.defineTask(task);
  };
  const points = new Map<Digest, Digest>();
  for (let index = 0; index < contour.size; index++) {
    const event = contour.event(index);
    const [task, parent] = [event.actor.task, event.actor.parent].map((id) => tasks.get(id) as Digest) as [
      Digest,
      Digest,
    ];
    const now = act({ ...event, actor: { ...event.actor, task, parent } } as Event, index);
    if (now === undefined) continue;
    define(task);
    points.set(contour.point(index), made.add(now).point);
  }
  for (const reason of contour.incomplete) made.flag(reason);
  return { contour: made, points, tasks };
}

function withParent(task: Task): Task {
  return task;
}
