import type { Digest } from "@isoline/core/digest";
import type { Task } from "@isoline/core/identity";
import { expect, it } from "vitest";
import type { Identity } from "../acting.ts";
import { Identities, type Noted, UNTOLD } from "./identities.ts";

const taskOf = (id: number): Task => ({
  ...{ id: String(id).padStart(64, "0") as Digest, parent: "0".repeat(64) as Digest, images: [{ path: `/bin/${id}` }] },
});
const namesOf = (identities: Identities, count: number) =>
  Array.from({ length: count }, (_, number) => identities.numbered(number).program);

/** What a supervisor notes of so many identities. */
function noted(count: number): readonly string[] {
  const identities = new Identities();
  return Array.from({ length: count }, (_, index) => {
    const task = taskOf(index + 1);
    const identity = identities.of(task, `program-${index + 1}`, identities.root);
    return JSON.stringify({ identity, task } satisfies Noted);
  });
}

it("are known to the next supervisor by the numbers that they had", () => {
  const next = new Identities();
  const remembered: Task[] = [];
  next.restoreAll([JSON.stringify({ places: {} }), ...noted(3)], (task) => remembered.push(task));
  expect(namesOf(next, 5)).toEqual(["", "program-1", "program-2", "program-3", UNTOLD.program]);
  expect(remembered).toEqual([taskOf(1), taskOf(2), taskOf(3)]);
});

it("whose note is missing are unknown, and their numbers are given to no other", () => {
  const next = new Identities();
  next.restoreAll(
    noted(4).filter((_, index) => index !== 1 && index !== 3),
    () => {},
  );
  expect(namesOf(next, 5)).toEqual(["", "program-1", UNTOLD.program, "program-3", UNTOLD.program]);
  // A living process has the last number.
  next.leaveOut(5);
  expect(next.of(taskOf(9), "new", next.root).serial).toBe(5);
  expect(next.numbered(4)).toBe(UNTOLD);
});

it("have names for a person that are cut where they are long", () => {
  const identities = new Identities();
  const task = { ...taskOf(1), images: [{ path: `/bin/${"x".repeat(4000)}` }] } as const;
  const { chain } = identities.of(task, "program", identities.root);
  expect(chain).toEqual([`${"x".repeat(300)} (cut: 300 of 4000 letters)…`]);
});

it("are forgotten but for those that were used last and those of living processes, and their numbers are given to no other", () => {
  const living: { identity: Identity }[] = [];
  let times = 0;
  const identities = new Identities({ living: () => living, forgot: () => (times += 1), most: 10 });
  const made = (id: number) => identities.of(taskOf(id), `program-${id}`, identities.root);
  living.push({ identity: made(1) });
  for (let id = 2; id <= 1000; id++) {
    made(id);
    // Executed again and again by processes that end at once.
    if (id > 2) identities.used(3);
  }
  expect([0, 1, 2, 3, 900, 1000].map((number) => identities.numbered(number).program)).toEqual([
    ...["", "program-1", UNTOLD.program, "program-3", UNTOLD.program, "program-1000"],
  ]);
  expect(
    Array.from({ length: 1001 }, (_, number) => identities.numbered(number)).filter((one) => one !== UNTOLD).length,
  ).toBeLessThan(25);
  expect([made(1).serial, made(1000).serial, made(2).serial, identities.count]).toEqual([1, 1000, 1001, 1002]);
  // What was decided is taken back now and then, and not for each.
  expect(times).toBeGreaterThan(0);
  expect(times).toBeLessThan(110);
});
