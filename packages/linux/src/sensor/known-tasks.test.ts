import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { deriveTask, type Task } from "@isoline/core/identity";
import { expect, test } from "vitest";
import type { Identity } from "./acting.ts";
import { KnownTasks } from "./known-tasks.ts";

const taskOf = (path: string, parent: Digest = ZERO_DIGEST): Task => deriveTask(parent, [{ path }]);

/** What is known where so many bytes are kept, under a contour with these tasks, to processes that run these. */
function known(onContour: readonly Task[], living: readonly Task[]) {
  const byId = new Map(onContour.map((task) => [task.id, task]));
  return new KnownTasks({
    onContour: (id) => byId.get(id),
    living: () => living.map(({ id }) => ({ identity: { id } as Identity })),
    mostBytes: 100_000,
  });
}

/** Notes ever new tasks, and returns them. */
function flood(tasks: KnownTasks, count = 10_000): readonly Task[] {
  const noted = Array.from({ length: count }, (_, index) => taskOf(`/tmp/${index}`));
  for (const task of noted) tasks.note(task);
  return noted;
}

test("of ever new tasks the last are known, and what is forgotten is unknown", () => {
  const tasks = known([], []);
  const noted = flood(tasks);
  const kept = noted.filter(({ id }) => tasks.get(id) !== undefined);
  expect(kept.length).toBeGreaterThan(100);
  expect(kept.length).toBeLessThan(500);
  expect(kept).toEqual(noted.slice(-kept.length));
  expect(tasks.lineOf((noted[0] as Task).id)).toEqual([]);
});

test("a task of the contour, of a living process or of an earlier supervisor stays known, with what led to it", () => {
  const [first, restored] = [taskOf("/bin/sh"), taskOf("/bin/restored")];
  const second = taskOf("/bin/other", first.id);
  const third = taskOf("/bin/cat", second.id);
  const tasks = known([first], [third]);
  tasks.keep(restored);
  for (const task of [first, second, third]) tasks.note(task);
  flood(tasks);
  expect(tasks.lineOf(third.id)).toEqual([first, second, third]);
  expect(tasks.lineOf(restored.id)).toEqual([restored]);
});

test("a line of programs of which one is forgotten is unknown: what is left of it is another's", () => {
  const [first, second] = [taskOf("/bin/sh"), taskOf("/bin/make")];
  const below = taskOf("/bin/cc", second.id);
  const tasks = known([below], []);
  for (const task of [first, second]) tasks.note(task);
  expect(tasks.lineOf(below.id)).toEqual([second, below]);
  flood(tasks);
  expect(tasks.get(below.id)).toEqual(below);
  expect(tasks.lineOf(below.id)).toEqual([]);
});

test("a process that executes itself again and again has no line any more when it is too long to tell", () => {
  const line = [taskOf("/bin/again")];
  for (let more = 1; more < 5000; more++) line.push(taskOf("/bin/again", (line.at(-1) as Task).id));
  const [last, near] = [line[4999], line[1000]] as [Task, Task];
  const tasks = new KnownTasks({
    onContour: () => undefined,
    living: () => [{ identity: { id: last.id } as Identity }],
  });
  for (const task of line) tasks.note(task);
  expect(tasks.lineOf(near.id)).toHaveLength(1001);
  expect(tasks.lineOf(last.id)).toEqual([]);
});
