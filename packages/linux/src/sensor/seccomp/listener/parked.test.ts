import { openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ParkedCalls } from "./parked.ts";

describe("a parked call", () => {
  const park = (isThere: boolean) => {
    const parked = new ParkedCalls();
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
});
