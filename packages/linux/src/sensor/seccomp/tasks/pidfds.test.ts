import { expect, test } from "vitest";
import { DescriptorBudget } from "./descriptor-budget.ts";
import { Pidfds } from "./pidfds.ts";

test("where no descriptor is left, all tasks are looked at once for as many new ones as there are", () => {
  let [tasks, looked] = [1000, 0];
  const pidfds = new Pidfds(new DescriptorBudget(64, () => 64), () => {
    looked += tasks;
    return tasks;
  });
  for (let more = 0; more < 10_000; more++, tasks++) expect(pidfds.open(process.pid, 0)).toBe(-1);
  expect(looked).toBeGreaterThan(0);
  expect(looked).toBeLessThan(20_000);
});

test("a descriptor that such a look frees is used", () => {
  const open: number[] = [];
  const budget = new DescriptorBudget(64 + 16, () => 0);
  const pidfds: Pidfds = new Pidfds(budget, () => {
    for (const each of open.splice(0)) pidfds.shut(each);
    return 0;
  });
  for (let more = 0; more < 100; more++) open.push(pidfds.open(process.pid, 0));
  expect(Math.min(...open)).toBeGreaterThanOrEqual(0);
  for (const each of open) pidfds.shut(each);
});

/** Opens descriptors until none is left. Then four times some tasks end, and as many new ones come; how many got none, and the looks. */
function openAgain(ended: (tasks: number) => number) {
  const open: number[] = [];
  let [looks, dead] = [0, 0];
  const pidfds: Pidfds = new Pidfds(new DescriptorBudget(64 + 16, () => 0), () => {
    looks += 1;
    for (const each of open.splice(0, dead)) pidfds.shut(each);
    dead = 0;
    return open.length;
  });
  const opens = (): boolean => {
    const pidfd = pidfds.open(process.pid, 0);
    if (pidfd >= 0) open.push(pidfd);
    return pidfd >= 0;
  };
  while (open.length < 16 && opens());
  const tasks = open.length;
  const before = looks;
  const results = Array.from({ length: 4 }, () => {
    dead = ended(tasks);
    return Array.from({ length: dead }, opens);
  }).flat();
  for (const each of open) pidfds.shut(each);
  return { without: results.filter((each) => !each).length, looks: looks - before };
}

test("where a look has freed descriptors of half of the tasks, the next that are missing are looked for at once", () => {
  expect(openAgain((tasks) => Math.ceil(tasks / 2))).toEqual({ without: 0, looks: 4 });
});

test("where each look would free a single one, not all are looked at for each new task", () => {
  expect(openAgain(() => 1).looks).toBe(1);
});
