/** The lease of a verifier, which ends by either of two clocks: one that is never set, and the time of day. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { SoftwareNode } from "./software-node.ts";
import { VirtualTime } from "./virtual-time.ts";

const renewals = vi.hoisted(() => ({ isAnswered: true }));
vi.mock("../../packages/verifier/src/store/leases.ts", async (original) => {
  const leases = await original<typeof import("../../packages/verifier/src/store/leases.ts")>();
  return {
    ...leases,
    renewLease: async (...about: Parameters<typeof leases.renewLease>) => {
      const isRenewed = await leases.renewLease(...about);
      if (!renewals.isAnswered) throw new Error("the answer was lost");
      return isRenewed;
    },
  };
});

describe("a lease", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-lease-"));
  let store: stores.Connection;
  let lease: Lease;
  let losses = 0;
  const time = new VirtualTime();
  /** A third of a lease. */
  const RENEWAL = 2000;

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    lease = new Lease(store.urgent, { lost: () => void losses++, renewed: () => Promise.resolve() }, time);
    await lease.begin();
  });
  afterAll(async () => {
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("is not held where the time of day says that it ran out, as after a pause, until it is renewed", async () => {
    expect(lease.isHeld).toBe(true);
    time.move({ date: 60_000 });
    expect(lease.isHeld).toBe(false);
    await time.pass(RENEWAL);
    expect(lease.isHeld).toBe(true);
  });

  it("is no longer held because the time of day goes back", async () => {
    time.move({ date: -60_000, now: 60_000 });
    expect(lease.isHeld).toBe(false);
    await time.pass(RENEWAL);
    expect(lease.isHeld).toBe(true);
  });

  it("is of another verifier once it ran out, also where it was renewed and the answers were lost", async () => {
    const [before, lossesBefore] = [lease.id, losses];
    renewals.isAnswered = false;
    await time.pass(2 * RENEWAL);
    expect([lease.isHeld, lease.id, losses]).toEqual([true, before, lossesBefore]);
    await time.pass(RENEWAL);
    expect([lease.isHeld, lease.id]).toEqual([false, ""]);
    expect(losses).toBeGreaterThan(lossesBefore);
    renewals.isAnswered = true;
    await time.pass(RENEWAL);
    expect(lease.isHeld).toBe(true);
    expect(lease.id).not.toBe(before);
  });

  it("is over by a database whose clock was set forward: its nodes are told to ask again, not that there are none", async () => {
    await stores.insertNode(store.db, new SoftwareNode("node-1").row());
    // Held by the clocks of this process, and over by that of the database.
    const held = { id: "over", isHeld: true };
    await stores.beginLease(store.db, held.id, "host", -1);
    const ownership = new Ownership(store.db, held as Lease, () => undefined);
    await expect(ownership.take("node-1")).rejects.toMatchObject({ code: "owned-elsewhere" });
    await expect(ownership.alone("node-1", 1000, () => Promise.resolve())).rejects.toMatchObject({
      code: "owned-elsewhere",
    });
    expect(await ownership.take("node-2")).toBeUndefined();
    held.id = "anew";
    await stores.beginLease(store.db, held.id, "host", 600);
    expect(await ownership.take("node-1")).toMatchObject({ name: "node-1" });
  });

  it("is not held after it was ended", async () => {
    await lease.end();
    expect(lease.isHeld).toBe(false);
    await time.pass(10 * RENEWAL);
    expect(lease.isHeld).toBe(false);
  });
});
