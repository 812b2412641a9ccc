/** A database from before nodes were collected, brought to the present form with its rows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { SoftwareNode } from "./software-node.ts";

const YEAR_MS = 31_536_000_000;
const states = ["affirming", "stale", "unknown", "revoked"] as const;

/** When the last evidence came that changed something. */
const ACCEPTED = new Date("2026-03-01T00:00:07Z");
const canisterOf = (node: string, state: (typeof states)[number], since: Date) => ({
  ...{ node, state, since, label: "web", tenant: "acme", image: null, contour: null, mode: "enforcing", sensor: "bpf" },
  ...({ root: "tpm", failure: null, why: null, links: "[]", started: since, points: 7, measurement: "06" } as const),
  counters: JSON.stringify({ events: 9, departures: 2, refused: 1, lost: 0, untrusted: 1 }),
});

/** Makes the tables as they were before the step `0015-retired` and all later ones, with rows as a verifier of then wrote them. */
async function asBefore(address: string): Promise<void> {
  const store = await stores.openStore(address);
  const { db } = store;
  for (const index of ["nodes_by_idle", "changes_gone"]) await db.schema.dropIndex(index).execute();
  for (const table of ["reports", "retired_keys", "retired_policies", "retired_names"])
    await db.schema.dropTable(table).execute();
  await db.schema.alterTable("nodes").dropColumn("idle").execute();
  await db.schema.alterTable("evidence").dropColumn("last").execute();
  await db
    .deleteFrom("kysely_migration" as "nodes")
    .where("name", ">=", "0015-retired")
    .execute();
  for (const state of states) {
    await stores.insertNode(db, new SoftwareNode(`node-${state}`).row());
    const since = new Date(Date.now() - YEAR_MS);
    await db.updateTable("nodes").set({ state, since }).where("name", "=", `node-${state}`).execute();
    await db
      .insertInto("canisters")
      .values(canisterOf(`node-${state}`, state, since))
      .execute();
    const evidence = { node: `node-${state}`, at: ACCEPTED, challenge: Buffer.from("c"), evidence: Buffer.from("e") };
    await db.insertInto("evidence").values(evidence).execute();
  }
  await store.close();
}

/** Which nodes are collected: after the upgrade, and once they are silent for longer since then. */
async function collected(address: string) {
  const store = await stores.openStore(address);
  const collect = async (days: number) => {
    const order = { verifier: "v1", days, most: 64, skip: 0, pastOf: () => undefined };
    return (await stores.collectNodes(store.db, order)).map(({ name }) => name);
  };
  const reports = await stores.reportsOf(store.db, "node-affirming", "web");
  const ofSilent = await stores.reportsOf(store.db, "node-stale", "web");
  const counts = await stores.nodeCounts(store.db, { tenant: "acme" });
  const atOnce = await collect(1);
  await store.db
    .updateTable("nodes")
    .set({ idle: new Date(Date.now() - YEAR_MS / 2) })
    .execute();
  // As a verifier of then, beside this one, writes it: a node that came back, and is silent again.
  await store.db.updateTable("nodes").set({ since: new Date() }).where("name", "=", "node-unknown").execute();
  const later = await collect(30);
  await store.close();
  return { counts, reports, ofSilent, atOnce, later };
}

/**
 * Silent for a year, and yet each has the whole time from the upgrade on. What canisters had counted is known as of the last evidence; of
 * one whose node was silent, as of when it was found so.
 */
const expected = {
  reports: [{ at: ACCEPTED, counters: { events: 9, departures: 2, refused: 1, lost: 0, untrusted: 1 } }],
  ofSilent: [{ at: expect.any(Date) as Date, counters: expect.objectContaining({ departures: 2 }) as object }],
  counts: Object.fromEntries(states.map((state) => [state, 1])),
  ...{ atOnce: [], later: ["node-stale"] },
};

describe("a database of before, in which nodes are silent for a year", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-migrated-"));
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("loses none of them by the upgrade, in the embedded store", async () => {
    await asBefore(`pglite:${place}`);
    expect(await collected(`pglite:${place}`)).toEqual(expected);
  });

  it.skipIf(needsPostgres)("loses none of them by the upgrade, in PostgreSQL (needs Debian's postgresql)", async () => {
    const server = new PostgresServer();
    await server.start();
    server.create("before");
    await asBefore(server.address("before"));
    expect(await collected(server.address("before"))).toEqual(expected);
    await server.close();
  });
});
