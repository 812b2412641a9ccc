import { EventEmitter } from "node:events";
import { fstatSync, openSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import type { Plan } from "../namespace/plan.ts";
import { crewForStranger, Crews } from "./crews.ts";

/** The heaps of the supervising threads that were started, in megabytes. */
const heaps: (number | undefined)[] = [];
let thread = new EventEmitter();
vi.mock("../namespace/threads.ts", () => ({
  startSupervisor: (_: unknown, heapMegabytes?: number) => {
    heaps.push(heapMegabytes);
    thread = new EventEmitter();
    return Object.assign(thread, { postMessage: () => undefined });
  },
}));
beforeEach(() => {
  heaps.length = 0;
});

const plans: [string, Partial<Plan>][] = [
  ["learns", { sensor: "seccomp", mode: "learn", contour: undefined }],
  ["is under bpf", { sensor: "bpf", mode: "enforce", contour: "/web.contour" }],
];

test.each(plans)("the thread of a namespace that %s has a heap with a limit, as a shared one has", (_, plan) => {
  new Crews(4).take().begin(plan as Plan);
  expect(heaps).toEqual([1024]);
});

test("the thread of a namespace that a stranger began has a smaller one", () => {
  crewForStranger().begin({ sensor: "seccomp", mode: "learn" } as Plan);
  expect(heaps).toEqual([256]);
});

const ports = () => process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length;

test("a crew whose client is gone before there is a plan leaves no port and no listener, and starts no thread", async () => {
  const before = ports();
  const crews = Array.from({ length: 20 }, () => crewForStranger());
  const listener = openSync("/dev/null", "r");
  crews[0]?.filtered(listener);
  for (const crew of crews) crew.failed(new Error("gone"));
  crews[0]?.begin({ sensor: "seccomp", mode: "learn" } as Plan);
  await Promise.all(crews.map(({ over }) => over));
  await expect.poll(ports).toBe(before);
  expect(() => fstatSync(listener)).toThrow("EBADF");
  expect(heaps).toEqual([]);
});

test("a crew is over when its thread has ended, and not when its launch has failed", async () => {
  const crew = crewForStranger();
  crew.begin({ sensor: "seccomp", mode: "learn" } as Plan);
  let isOver = false;
  const over = crew.over.then(() => {
    isOver = true;
  });
  crew.failed(new Error("gone"));
  await Promise.resolve();
  expect(isOver).toBe(false);
  thread.emit("exit");
  await over;
  expect(isOver).toBe(true);
});
