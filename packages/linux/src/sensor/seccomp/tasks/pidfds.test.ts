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
