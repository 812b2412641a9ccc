/** A node that is silent, and a database that does not come to marking it. */
import { expect, it } from "vitest";
import type { VerdictQueue } from "../store/index.ts";
import type { Lease } from "./lease.ts";
import type { OwnedNode } from "./owned-node.ts";
import type { Ownership } from "./ownership.ts";
import { Watch } from "./watch.ts";

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
  const watch = new Watch(verdicts, { id: "v1" } as Lease, ownership, 180, (fault) => told.push(fault));
  watch.watch(node);
  await expect.poll(() => watch.size).toBe(1);
  expect([asked, node.state]).toEqual([["acme"], "affirming"]);
  expect(told).toMatchObject([{ code: "57014" }]);
});
