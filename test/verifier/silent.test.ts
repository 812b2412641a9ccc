/** Silence of a node: it counts whichever verifier the node goes to, and not while no verifier runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import type { OwnedNode } from "../../packages/verifier/src/fleet/owned-node.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import type { Node, Refusal } from "../../packages/verifier/src/http/model.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const HOUR_MS = 3_600_000;

/** Moves the time of day; every other clock goes on as it did. */
function moveTimeOfDay(byMs: number): void {
  const now = Date.now() + byMs;
  vi.useFakeTimers({ toFake: ["Date"], now });
}

afterEach(() => {
  vi.useRealTimers();
});

describe.skipIf(needsPostgres)("a node between two verifiers (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  const rigs = [new Rig(), new Rig()] as const;
  const [one, two] = rigs;
  const [node, other] = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
  const start = async (timing: object) => {
    for (const rig of rigs)
      await rig.start({ ...timing, database: server.address("fleet"), keys: join(one.place, "keys") });
  };
  const stop = async () => {
    for (const rig of rigs) await rig.stop();
  };
  const stateOf = async ({ name }: SoftwareNode) => (await one.get<Node>(`/v1/nodes/${name}`)).body;

  beforeAll(async () => {
    await server.start();
    await prepare(server, "fleet");
    await one.enrol([node, other], server.address("fleet"));
    await start({ due: 1, stale: 4 });
    await one.rules();
  });
  afterAll(async () => {
    await stop();
    await server.close();
    for (const rig of rigs) await rig.close();
  });

  it("is stale with its canisters, though it goes from one to the other by evidence for a challenge that none gave", async () => {
    expect((await two.attest(node)).body.state).toBe("affirming");
    const made = Buffer.alloc(32, 7);
    const sentToEach = async () => {
      for (const rig of rigs) {
        const { body } = await rig.send<Refusal>(node, made.toString("hex"), node.evidence(made));
        expect(body).toMatchObject({ error: { code: "challenge-refused" } });
      }
      return (await stateOf(node)).state;
    };
    await expect.poll(sentToEach, { timeout: 30_000, interval: 50 }).toBe("stale");
    expect(await stateOf(node)).toMatchObject({ failure: "unreachable", canisters: { stale: 1 } });
    expect((await one.attest(node)).body.state).toBe("affirming");
  });

  it("is not stale because all verifiers were stopped and started again, and then goes on", async () => {
    await stop();
    await start({ due: 20, stale: 50 });
    expect((await one.attest(other)).body.state).toBe("affirming");
    await stop();
    moveTimeOfDay(HOUR_MS);
    await start({ due: 20, stale: 50 });
    expect(await stateOf(other)).toMatchObject({ state: "affirming", canisters: { affirming: 1 } });
    expect((await one.attest(other)).body.state).toBe("affirming");
    const store = await stores.openStore(server.address("fleet"));
    const changes = await stores.changesAfter(store.db, 0, 1000);
    await store.close();
    expect(changes.filter((change) => change.node === other.name).map(({ after }) => after)).toEqual([
      "affirming",
      "affirming",
    ]);
  });

  it("and none of it made a verifier fail", () => {
    expect(rigs.flatMap(({ failures }) => failures)).toEqual([]);
  });
});

describe("how long a node is silent", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-silent-"));
  const row = new SoftwareNode("node-1").row();
  const since = performance.now() - HOUR_MS;
  const affirming = { state: "affirming", failure: null, why: null } as const;
  const owned: OwnedNode[] = [];
  let store: stores.Connection;
  let lease: Lease;
  let ownership: Ownership;

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    lease = new Lease(store.urgent, { lost: () => undefined, renewed: () => Promise.resolve() });
    await lease.begin();
    ownership = new Ownership(store.db, lease, (node) => owned.push(node));
    await stores.insertNode(store.db, row);
    await stores.beginLease(store.db, "other", "host", 60);
    await stores.claimNode(store.db, row.name, "other");
    const write = { node: row.name, verifier: "other", at: new Date(), verdict: affirming, columns: {}, canisters: [] };
    await stores.writeVerdict(store.db, write);
  });
  afterAll(async () => {
    await lease.end();
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });
  /** And the little that this machine needs. */
  const isAnHour = (ms: number) => ms >= HOUR_MS && ms < HOUR_MS * 1.5;
  const released = () =>
    stores.releaseNodes(store.db, "other", [{ name: row.name, accepted: null, seen: null, silentMs: HOUR_MS }]);

  it("is what the verifier said that gave it back, also where it is adopted while a request asks for it", async () => {
    const taking = ownership.take(row.name);
    // While it waits for the verifier that it asked.
    await Promise.all([released(), ownership.adopt()]);
    const taken = await taking;
    expect(taken?.silentMs()).toSatisfy(isAnHour);
    expect(owned).toEqual([taken]);
    expect(ownership.present(row.name)).toBe(taken);
  });

  it("is what it was, where this verifier has adopted it and does not know yet", async () => {
    expect(await stores.claimNode(store.db, row.name, lease.id)).toMatchObject({
      owner: lease.id,
      silentMs: expect.toSatisfy(isAnHour) as number,
    });
  });

  /** Takes the node, has it be silent since then, and loses the lease at that time; the next one begins. */
  const lost = async (ended: number, next: string) => {
    const taken = (await held.take(row.name)) as OwnedNode;
    taken.silent = since;
    held.forgetAll(ended);
    await stores.endLease(store.db, mutable.id);
    await stores.beginLease(store.db, next, "host", 600);
    mutable.id = next;
  };
  const mutable = { id: "held-1", isHeld: true };
  let held: Ownership;
  const silence = () => held.present(row.name)?.silentMs() ?? Number.NaN;

  it("goes on where its verifier lost the lease, and takes it again", async () => {
    ownership.forgetAll();
    await store.db.updateTable("nodes").set({ owner: null, silent: null }).execute();
    await stores.beginLease(store.db, mutable.id, "host", 600);
    held = new Ownership(store.db, mutable as Lease, () => undefined);
    await lost(performance.now(), "held-2");
    await held.adopt();
    expect(silence()).toBeGreaterThanOrEqual(HOUR_MS);
    // By a request of the node.
    await lost(performance.now(), "held-3");
    expect(await held.take(row.name)).toBeDefined();
    expect(silence()).toBeGreaterThanOrEqual(HOUR_MS);
  });

  it("also where the lease was lost once more before the node was in memory again", async () => {
    await lost(performance.now(), "held-4");
    const adopted = held.adopt();
    mutable.id = "held-5";
    await adopted;
    expect(held.present(row.name)).toBeUndefined();
    await stores.beginLease(store.db, mutable.id, "host", 600);
    await stores.endLease(store.db, "held-4");
    await held.adopt();
    expect(silence()).toBeGreaterThanOrEqual(HOUR_MS);
  });

  it("does not count while no lease was held, in which it could not be heard", async () => {
    await lost(since + 1000, "held-6");
    await held.adopt();
    expect(silence()).toBeLessThan(HOUR_MS / 2);
  });

  it("begins anew where another verifier had it since, which died", async () => {
    await lost(performance.now(), "held-7");
    await store.db.updateTable("nodes").set({ owner: "died" }).execute();
    await held.adopt();
    expect(silence()).toBeLessThan(HOUR_MS / 2);
    held.forgetAll();
  });

  it("is not known of a node whose verifier died", async () => {
    ownership.forgetAll();
    await store.db.updateTable("nodes").set({ owner: "dead" }).execute();
    expect(await stores.claimNode(store.db, row.name, "other")).toMatchObject({ owner: "other", silentMs: null });
    await store.db
      .updateTable("nodes")
      .set({ owner: "dead", silent: new Date(Date.now() - HOUR_MS) })
      .execute();
    expect(await stores.adoptNodes(store.db, "other", 10)).toMatchObject([{ name: row.name, silentMs: null }]);
  });
});
