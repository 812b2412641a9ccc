/** A node that is silent, and a database that does not come to marking it. */
import { afterEach, expect, it, vi } from "vitest";
import type { NodeRow, VerdictQueue } from "../store/index.ts";
import type { Lease } from "./lease.ts";
import { OwnedNode } from "./owned-node.ts";
import type { Ownership } from "./ownership.ts";
import { Pace } from "./pace.ts";
import { Watch } from "./watch.ts";

const pace = new Pace({ due: 60, dueAtMost: 60, stale: 180 });

afterEach(() => {
  vi.useRealTimers();
});

const node = {
  ...{ name: "node-1", tenant: "acme", state: "affirming", isAhead: false },
  silentMs: () => Number.POSITIVE_INFINITY,
  alone: <T>(work: () => Promise<T>) => work(),
} as unknown as OwnedNode;
const ownership = { present: () => node } as unknown as Ownership;

it("is looked at again where the statement waited for others for too long, which is told", async () => {
  const asked: string[] = [];
  const told: unknown[] = [];
  const verdicts = {
    write: async (tenant: string) => {
      asked.push(tenant);
      throw Object.assign(new Error("canceling statement due to statement timeout"), { code: "57014" });
    },
  } as unknown as VerdictQueue;
  const watch = new Watch(verdicts, { id: "v1", isHeld: true } as Lease, ownership, pace, (fault) => told.push(fault));
  watch.watch(node);
  await expect.poll(() => watch.size).toBe(1);
  expect([asked, node.state]).toEqual([["acme"], "affirming"]);
  expect(told).toMatchObject([{ code: "57014" }]);
});

it.each([
  ["forward", 3_600_000, 60_000, 1],
  ["back", -3_600_000, 200_000, 0],
])("is silent for as long as it was, where the time of day is set %s", async (_, byMs, silentMs, watched) => {
  const marked: string[] = [];
  const verdicts = { write: async (tenant: string) => void marked.push(tenant) } as unknown as VerdictQueue;
  const row = { name: "node-1", tenant: "acme", state: "affirming", accepted: null, seen: null } as NodeRow;
  const own = new OwnedNode({ ...row, enrolled: new Date() }, silentMs);
  const watch = new Watch(
    verdicts,
    { id: "v1", isHeld: true } as Lease,
    { present: () => own } as unknown as Ownership,
    pace,
  );
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + byMs });
  watch.watch(own);
  await own.alone(() => Promise.resolve());
  expect([watch.size, marked.length]).toEqual([watched, 1 - watched]);
});

it("is looked at again where it fell due while the lease was not held, and marked once it is", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const lease = { id: "v1", isHeld: false };
  const marked: string[] = [];
  const verdicts = { write: async (tenant: string) => void marked.push(tenant) } as unknown as VerdictQueue;
  const own = { ...node, state: "affirming" } as unknown as OwnedNode;
  const held = { present: () => (lease.isHeld ? own : undefined) } as unknown as Ownership;
  const watch = new Watch(verdicts, lease as Lease, held, pace);
  watch.start();
  watch.watch(own);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([watch.size, marked, own.state]).toEqual([1, [], "affirming"]);
  lease.isHeld = true;
  await vi.advanceTimersByTimeAsync(3000);
  expect([watch.size, marked, own.state]).toEqual([0, ["acme"], "stale"]);
  watch.stop();
});

it("is looked at again where the lease ended while it waited for its turn", async () => {
  const lease = { id: "v1", isHeld: true };
  const verdicts = { write: () => Promise.reject(new Error("not to be asked")) } as unknown as VerdictQueue;
  const waiting = {
    ...node,
    alone: async <T>(work: () => Promise<T>) => {
      lease.isHeld = false;
      return await work();
    },
  } as unknown as OwnedNode;
  const held = { present: () => (lease.isHeld ? waiting : undefined) } as unknown as Ownership;
  const watch = new Watch(verdicts, lease as Lease, held, pace);
  watch.watch(waiting);
  await expect.poll(() => watch.size).toBe(1);
});
