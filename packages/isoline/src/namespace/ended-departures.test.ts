import { expect, it } from "vitest";
import { EndedDepartures, type SharedHeap } from "./ended-departures.ts";
import type { DepartureReport } from "./report.ts";

const departure = (number: number) =>
  ({ act: `open path=/${number}`, why: "x".repeat(10_000), chain: ["sh"] }) as unknown as DepartureReport;
const page = (from: number) => Array.from({ length: 100 }, (_, at) => departure(from + at));
const told = ({ departures, losses }: EndedDepartures) => [departures.length, ...losses.map(({ count }) => count)];

it("of namespaces that end at once what does not fit is counted in the report, and one alone has all of its own", () => {
  const heap: SharedHeap = { most: 3_000_000, used: 0 };
  const [one, other, third] = [new EndedDepartures(heap), new EndedDepartures(heap), new EndedDepartures(heap)];
  for (const from of [0, 100, 200]) one.take(page(from));
  expect(told(one)).toEqual([300]);
  for (const from of [0, 100]) other.take(page(from));
  expect(told(other)).toEqual([0, 200]);
  one.release();
  one.release();
  expect(heap.used).toBe(0);
  third.take(page(0));
  other.take(page(200));
  expect([told(third), told(other)]).toEqual([[100], [0, 300]]);
});

it.each([
  [true, "isoline departures has those that its journal had taken before the end"],
  [false, "what they were is not kept"],
])("names a journal where there is one alone: %s", (hasJournal, where) => {
  const heap: SharedHeap = { most: 0, used: 1 };
  const ended = new EndedDepartures(heap);
  ended.hasJournal = hasJournal;
  ended.take(page(0));
  const [loss] = ended.losses;
  expect(loss).toEqual({ reason: expect.stringContaining(`not in this report`), count: 100 });
  expect(loss?.reason.split("; ")[1]).toContain(where);
  expect(loss?.reason.includes("isoline departures")).toBe(hasJournal);
});
