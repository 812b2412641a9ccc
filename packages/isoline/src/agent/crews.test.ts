import { EventEmitter } from "node:events";
import { beforeEach, expect, test, vi } from "vitest";
import type { Plan } from "../namespace/plan.ts";
import { crewForStranger, Crews } from "./crews.ts";

/** The heaps of the supervising threads that were started, in megabytes. */
const heaps: (number | undefined)[] = [];
vi.mock("../namespace/threads.ts", () => ({
  startSupervisor: (_: unknown, heapMegabytes?: number) => {
    heaps.push(heapMegabytes);
    return Object.assign(new EventEmitter(), { postMessage: () => undefined });
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
