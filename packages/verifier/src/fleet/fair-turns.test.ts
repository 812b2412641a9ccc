import { expect, it } from "vitest";
import { FairTurns } from "./fair-turns.ts";

/** Work that takes as long as it is said to, by a clock of its own. */
function shop() {
  let now = 0;
  const turns = new FairTurns(() => now);
  const done: string[] = [];
  const work = async (tenant: string, ms: number) => {
    await turns.turn(tenant);
    now += ms;
    done.push(tenant);
  };
  return { turns, work, done, pass: (ms: number) => (now += ms) };
}

it("a tenant whose work takes long has as much of the time as the others, and not as many turns", async () => {
  const { work, done } = shop();
  const all = [
    ...Array.from({ length: 3 }, () => work("slow", 100)),
    ...Array.from({ length: 20 }, () => work("quick", 10)),
  ];
  await Promise.all(all);
  expect(done.slice(0, 12)).toEqual(["slow", ...Array.from({ length: 10 }, () => "quick"), "slow"]);
});

it("one that comes later waits for one piece of work, and does not make up for the time before", async () => {
  const { work, done } = shop();
  await Promise.all(Array.from({ length: 5 }, () => work("first", 100)));
  await Promise.all([work("first", 100), work("later", 100), work("first", 100), work("later", 100)]);
  expect(done.slice(5)).toEqual(["later", "first", "later", "first"]);
});

it("alone, a tenant waits for nothing but its own work, in order", async () => {
  const { turns } = shop();
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((at) => turns.turn("only").then(() => order.push(at))));
  expect(order).toEqual([1, 2, 3]);
});

it("long work goes on for a while, and then lets others go first", async () => {
  const { turns, work, done, pass } = shop();
  const long = async () => {
    await turns.turn("long");
    const breathe = turns.breath("long");
    for (const part of ["one", "two", "three"]) {
      await breathe();
      pass(15);
      done.push(part);
    }
  };
  await Promise.all([long(), work("other", 1)]);
  expect(done).toEqual(["one", "two", "other", "three"]);
});

it("work that waited for something else takes its turn anew, and work that did not goes on", async () => {
  const { turns } = shop();
  await turns.turn("one");
  const { round } = turns;
  await Promise.resolve();
  expect(turns.stillOrAnew("one", round)).toBeUndefined();
  await new Promise(setImmediate);
  await turns.stillOrAnew("one", round);
  expect(turns.round).toBe(round + 1);
  // In a turn of its tenant, but another one.
  expect(turns.stillOrAnew("one", round)).toBeInstanceOf(Promise);
});
