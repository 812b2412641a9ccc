/** The lease of a verifier, which ends by either of two clocks: one that is never set, and the time of day. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";

describe("a lease", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-lease-"));
  let store: stores.Connection;
  let lease: Lease;

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    lease = new Lease(store.urgent, { lost: () => undefined, renewed: () => Promise.resolve() });
    await lease.begin();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(async () => {
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("is not held where the time of day says that it ran out, as after a pause, until it is renewed", async () => {
    await expect.poll(() => lease.isHeld).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    expect(lease.isHeld).toBe(false);
    await expect.poll(() => lease.isHeld).toBe(true);
  });

  it("is no longer held because the time of day goes back", async () => {
    await expect.poll(() => lease.isHeld).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 60_000 });
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 60_000);
    expect(lease.isHeld).toBe(false);
    vi.restoreAllMocks();
  });

  it("is not held after it was ended", async () => {
    await lease.end();
    expect(lease.isHeld).toBe(false);
  });
});
