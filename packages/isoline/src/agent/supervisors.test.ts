/** Which thread serves a namespace: only with its like, and no thread more than is needed. */
import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import { beforeEach, expect, it } from "vitest";
import { type Ends, SharedThreads } from "./supervisors.ts";

/** Of threads that do nothing. */
const started: Worker[] = [];
beforeEach(() => {
  started.length = 0;
});

type Kind = "recorded" | "unrecorded";
const ENDS = { block: new Int32Array(new SharedArrayBuffer(4096)) } as unknown as Ends;
const threadsOf = (most: number) =>
  new SharedThreads<Kind>(most, () => {
    const worker = Object.assign(new EventEmitter(), { unref: () => {}, postMessage: () => {} }) as unknown as Worker;
    started.push(worker);
    return worker;
  });
const seats = (threads: SharedThreads<Kind>, ...kinds: readonly Kind[]) =>
  kinds.map((kind) => {
    threads.seat(kind, ENDS);
    return started.length;
  });

it("each kind has as many threads as were asked for, and they are started when they are needed", () => {
  expect(seats(threadsOf(2), "recorded", "unrecorded", "recorded", "recorded", "unrecorded")).toEqual([1, 2, 3, 3, 4]);
});

it("a thread that was started ahead, or serves none any more, is for any kind", () => {
  const threads = threadsOf(1);
  threads.prepare();
  threads.prepare();
  expect(seats(threads, "recorded", "unrecorded")).toEqual([1, 2]);
  started[0]?.emit("message", { seat: 1, left: true });
  threads.prepare();
  expect(started).toHaveLength(2);
  expect(seats(threads, "recorded", "recorded", "unrecorded")).toEqual([2, 2, 2]);
});

it("a thread that is lost is replaced, and what it served is told", () => {
  const threads = threadsOf(1);
  let isOver = false;
  threads.seat("recorded", ENDS).on("exit", () => {
    isOver = true;
  });
  started[0]?.emit("exit", 1);
  expect([isOver, ...seats(threads, "recorded", "recorded")]).toEqual([true, 2, 2]);
});
