import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DescriptorBudget } from "./descriptor-budget.ts";

/** Beside those that are reserved. */
const LIMIT = 64 + 1000;

describe("descriptors of a process that serves several namespaces", () => {
  const serve = () => {
    let open = 0;
    const namespace = () => new DescriptorBudget(LIMIT, () => open);
    const takeAll = (budget: DescriptorBudget): number => {
      let taken = 0;
      for (; budget.take(); taken++) open += 1;
      return taken;
    };
    return { namespace, takeAll, left: () => 1000 - open };
  };

  it("one alone gets half of three quarters", () => {
    const { namespace, takeAll } = serve();
    expect(takeAll(namespace())).toBe(375);
  });

  it.each([2, 5, 12])("%i that take all they can get leave some to another", (count) => {
    const { namespace, takeAll } = serve();
    const greedy = Array.from({ length: count }, namespace);
    for (let round = 0; round < 3; round++) greedy.forEach(takeAll);
    expect(takeAll(namespace())).toBeGreaterThanOrEqual(16);
  });

  it("however many there are, those that are needed for a call are never kept", () => {
    const { namespace, takeAll, left } = serve();
    for (let count = 0; count < 100; count++) takeAll(namespace());
    expect(left()).toBe(0);
  });

  it("what is given back may be taken again", () => {
    const budget = new DescriptorBudget(64 + 1, () => 0);
    expect([budget.take(), budget.take()]).toEqual([true, false]);
    budget.giveBack();
    expect(budget.take()).toBe(true);
  });

  it("counts all that are open, also where their number is not told", () => {
    const opened = Array.from({ length: 40 }, () => openSync("/dev/null", "r"));
    expect(new DescriptorBudget(64 + 30).take()).toBe(false);
    for (const fd of opened) closeSync(fd);
    const untold = new DescriptorBudget(LIMIT, () => 0);
    let taken = 0;
    while (untold.take()) taken += 1;
    expect(taken).toBe(375);
  });
});
