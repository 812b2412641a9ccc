import { expect, test } from "vitest";
import type { Identity } from "../acting.ts";
import { ProcessTable } from "./processes.ts";
import { UnreportedEnds } from "./unreported-ends.ts";

const identity = { serial: 0 } as Identity;

/** Three processes, of which the kernel says that the ones in `dead` have ended. */
function begun() {
  const table = new ProcessTable();
  const dead = new Set<number>();
  const processes = [1, 2, 3].map((handle) => table.add(handle, 100 + handle, 0, identity));
  const clock = { now: 0, asked: 0 };
  const lives = ({ handle }: { readonly handle: number }) => {
    clock.asked += 1;
    return !dead.has(handle);
  };
  const ends = new UnreportedEnds(table, lives, () => clock.now);
  const after = (lost: number) => ends.after(lost).map(({ handle }) => handle);
  return { table, dead, processes, after, clock };
}

test("a process whose end was lost has ended, once its waiting records have been read", () => {
  const { dead, after } = begun();
  dead.add(2);
  expect(after(1)).toEqual([]);
  expect(after(1)).toEqual([2]);
});

test("a process whose end was read meanwhile is not told of twice", () => {
  const { table, dead, processes, after } = begun();
  dead.add(2);
  after(1);
  for (const process of processes.slice(1, 2)) table.remove(process);
  expect(after(1)).toEqual([]);
});

test("without a loss the kernel is not asked", () => {
  const { dead, after, clock } = begun();
  dead.add(2);
  expect([after(0), after(0), clock.asked]).toEqual([[], [], 0]);
  expect([after(4), after(4)]).toEqual([[], [2]]);
});

test("while losses go on the kernel is asked again and again, and not in each turn; of the last one it is asked, too", () => {
  const { dead, after, clock, processes } = begun();
  for (let lost = 1; lost <= 250; lost++) {
    after(lost);
    clock.now += 1;
  }
  expect(clock.asked).toBe(3 * processes.length);
  dead.add(2);
  expect([after(250), after(250)]).toEqual([[], []]);
  clock.now += 100;
  expect([after(250), after(250), after(250)]).toEqual([[], [2], []]);
});
