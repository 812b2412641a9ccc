import { openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DescriptorBudget } from "../tasks/descriptor-budget.ts";
import { ParkedCalls } from "./parked.ts";

/** What a call may take that a task has made wait (process/moment.ts). */
const MOMENT_MS = 6;

describe("a parked call", () => {
  const park = (isThere: boolean) => {
    const parked = new ParkedCalls(new DescriptorBudget());
    // It can always be written to.
    const fd = openSync("/dev/null", "w");
    const done: string[] = [];
    const attempt = (): number => done.push("attempt");
    const answer = (result: number): boolean => done.push(`answer ${result}`) > 0;
    parked.add({ tid: process.pid, fd, limit: undefined, late: 0, attempt }, { stillWaits: () => isThere, answer });
    parked.settle();
    return { done, left: parked.count };
  };

  it("is attempted and answered when it is ready", () => {
    expect(park(true)).toMatchObject({ done: ["attempt", "answer 1"], left: 0 });
  });

  it("is neither if its task has ended: the number may be another's, with other rights and another memory", () => {
    expect(park(false)).toMatchObject({ done: [], left: 0 });
  });

  it("is waited for no more until the next look, where it is ready and must wait all the same", () => {
    const parked = new ParkedCalls(new DescriptorBudget());
    let tries = 0;
    const fd = openSync("/dev/null", "w");
    const attempt = (): undefined => void tries++;
    parked.add(
      { tid: process.pid, fd, limit: undefined, late: 0, attempt },
      { stillWaits: () => true, answer: () => true },
    );
    const entry: Buffer = Buffer.alloc(8);
    const waitedFor = () => {
      parked.describe(entry, 0);
      return entry.readInt32LE(0);
    };
    expect(waitedFor()).toBe(fd);
    parked.settle();
    expect({ tries, waitedFor: waitedFor() }).toEqual({ tries: 1, waitedFor: -1 });
    while (tries === 1) parked.settle();
    expect(waitedFor()).toBe(-1);
    parked.close();
  });

  it("has its first look in the next round, where another call was looked at a moment ago", () => {
    const parked = new ParkedCalls(new DescriptorBudget());
    const looks: number[] = [];
    const park = (number: number) =>
      parked.add(
        { tid: process.pid, fd: -1, limit: undefined, late: 0, attempt: () => undefined },
        { stillWaits: () => looks.push(number) > 0, answer: () => true },
      );
    park(0);
    parked.settle();
    park(1);
    parked.settle();
    expect(looks).toEqual([0]);
    parked.close();
  });

  it("has its turn after those that waited longer, where each takes a moment: the other calls come in between", () => {
    const parked = new ParkedCalls(new DescriptorBudget());
    const [turns, answered]: [number[], number[]] = [[], []];
    for (const number of [0, 1, 2, 3]) {
      const attempt = (): number | undefined => {
        turns.push(number);
        for (const until = performance.now() + MOMENT_MS; performance.now() < until; );
        return number % 2 === 0 ? undefined : number;
      };
      parked.add(
        { tid: process.pid, fd: openSync("/dev/null", "w"), limit: undefined, late: 0, attempt },
        { stillWaits: () => true, answer: (result) => answered.push(result) > 0 },
      );
    }
    const left = [1, 2, 3, 4].map(() => {
      parked.settle();
      return parked.count;
    });
    expect({ turns, answered, left }).toEqual({ turns: [0, 1, 2, 3], answered: [1, 3], left: [4, 3, 3, 2] });
    parked.close();
    expect(parked.count).toBe(0);
  });

  it("keeps no more descriptors than its namespace may, and gives each back", () => {
    const budget = new DescriptorBudget(64 + 2, () => 0);
    const parked = new ParkedCalls(budget);
    const park = () =>
      parked.add(
        { tid: process.pid, fd: openSync("/dev/null", "w"), limit: undefined, late: 0, attempt: () => 1 },
        { stillWaits: () => true, answer: () => true },
      );
    park();
    expect([parked.mayPark, budget.mayKeep]).toEqual([true, true]);
    park();
    expect([parked.mayPark, budget.mayKeep]).toEqual([false, false]);
    parked.settle();
    expect([parked.count, parked.mayPark]).toEqual([0, true]);
  });
});
