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

/** Makes the tables as they were before the step `0015-retired`, with rows as a verifier of then wrote them. */
async function asBefore(address: string): Promise<void> {
  const store = await stores.openStore(address);
  const { db } = store;
  for (const index of ["nodes_by_idle", "changes_gone"]) await db.schema.dropIndex(index).execute();
  for (const table of ["retired_keys", "retired_policies", "retired_names"]) await db.schema.dropTable(table).execute();
  await db.schema.alterTable("nodes").dropColumn("idle").execute();
  await db
    .deleteFrom("kysely_migration" as "nodes")
    .where("name", ">=", "0015-retired")
    .execute();
  for (const state of states) {
    await stores.insertNode(db, new SoftwareNode(`node-${state}`).row());
    const since = new Date(Date.now() - YEAR_MS);
    await db.updateTable("nodes").set({ state, since }).where("name", "=", `node-${state}`).execute();
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
  return { counts, atOnce, later };
}

/** Silent for a year, and yet each has the whole time from the upgrade on. */
const expected = {
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
