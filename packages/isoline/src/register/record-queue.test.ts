import { expect, it } from "vitest";
import type { Told } from "./host-registers.ts";
import { RecordQueue } from "./record-queue.ts";

const MOST = 10_000;
const departure: Told = { kind: "departure", process: 1, pid: 2, point: new Uint8Array(32) };
const END: Told = {
  ...{ kind: "end", measurement: new Uint8Array(32), state: new Uint8Array(32) },
  ...{ events: 0, off: 0, refused: 0, lost: 0 },
};

/** A queue in which so many departures wait, and the numbers that follow. */
function full() {
  const queue = new RecordQueue();
  for (let number = 1; number <= MOST; number++) queue.add(departure, number);
  return queue;
}

function all(queue: RecordQueue) {
  const items = [];
  for (let item = queue.first; item !== undefined; item = queue.first) {
    items.push({ ...item });
    queue.taken();
  }
  return items;
}

it("beyond the most that waits, what comes is one loss, and the end is told all the same", () => {
  const queue = full();
  for (const [index, told] of [departure, departure, END].entries()) queue.add(told, MOST + 1 + index);
  const [loss, end] = all(queue).slice(MOST);
  expect(loss).toMatchObject({ told: { kind: "loss", count: 2 }, through: MOST + 2 });
  expect(end).toEqual({ told: END, through: MOST + 3 });
});

it("a second time that too much waits is another record than the first", () => {
  const [one, other] = [full(), full()].map((queue) => {
    queue.add(departure, MOST + 1);
    return all(queue).at(-1)?.told;
  });
  expect(one).toEqual(other);
  expect(one === other).toBe(false);
});
