/** A node that is silent, and a database that does not come to marking it. */
import { afterEach, expect, it, vi } from "vitest";
import type { VerdictQueue } from "../store/index.ts";
import type { Lease } from "./lease.ts";
import type { OwnedNode } from "./owned-node.ts";
import type { Ownership } from "./ownership.ts";
import { Watch } from "./watch.ts";

afterEach(() => {
  vi.useRealTimers();
});

const node = {
  ...{ name: "node-1", tenant: "acme", state: "affirming", isAhead: false, silent: new Date(0) },
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
  const watch = new Watch(verdicts, { id: "v1", isHeld: true } as Lease, ownership, 180, (fault) => told.push(fault));
  watch.watch(node);
  await expect.poll(() => watch.size).toBe(1);
  expect([asked, node.state]).toEqual([["acme"], "affirming"]);
  expect(told).toMatchObject([{ code: "57014" }]);
});

it("is looked at again where it fell due while the lease was not held, and marked once it is", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const lease = { id: "v1", isHeld: false };
  const marked: string[] = [];
  const verdicts = { write: async (tenant: string) => void marked.push(tenant) } as unknown as VerdictQueue;
  const own = { ...node, state: "affirming" } as unknown as OwnedNode;
  const held = { present: () => (lease.isHeld ? own : undefined) } as unknown as Ownership;
  const watch = new Watch(verdicts, lease as Lease, held, 180);
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
  const watch = new Watch(verdicts, lease as Lease, held, 180);
  watch.watch(waiting);
  await expect.poll(() => watch.size).toBe(1);
});
