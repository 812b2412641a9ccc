/** A database from before nodes were collected, brought to the present form with its rows. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, Migrator, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { migrations } from "../../packages/verifier/src/store/migrations.ts";
import { PgliteDialect } from "../../packages/verifier/src/store/pglite-dialect.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { SoftwareNode } from "./software-node.ts";

const BEFORE = "0013-tokens";
const YEAR_MS = 31_536_000_000;
const states = ["affirming", "stale", "unknown", "revoked"] as const;

/** Brings an empty database to the form of before, and writes rows as a verifier of then did. */
async function asBefore(db: Kysely<never>): Promise<void> {
  const { error } = await new Migrator({ db, provider: migrations }).migrateTo(BEFORE);
  expect(error).toBeUndefined();
  const since = new Date(Date.now() - YEAR_MS);
  const before = db as unknown as Kysely<Record<string, Record<string, unknown>>>;
  for (const state of states) {
    const row = new SoftwareNode(`node-${state}`).row();
    await before
      .insertInto("nodes")
      .values({ ...row, labels: "{}", links: "[]", root: "none", state, since })
      .execute();
  }
  await db.destroy();
}

async function opened(address: string): Promise<void> {
  const store = await stores.openStore(address);
  const collect = (days: number) =>
    stores.collectNodes(store.db, { verifier: "v1", days, most: 64, skip: 0, pastOf: () => undefined });
  expect(await stores.nodeCounts(store.db, { tenant: "acme" })).toEqual(
    Object.fromEntries(states.map((one) => [one, 1])),
  );
  // Silent for a year, and yet each has the whole time from now on.
  expect(await collect(1)).toEqual([]);
  await store.db
    .updateTable("nodes")
    .set({ idle: new Date(Date.now() - YEAR_MS / 2) })
    .execute();
  // As a verifier of then, beside this one, writes it: a node that came back, and is silent again.
  await store.db.updateTable("nodes").set({ since: new Date() }).where("name", "=", "node-unknown").execute();
  expect((await collect(30)).map(({ name }) => name)).toEqual(["node-stale"]);
  await store.close();
}

describe("a database of before, in which nodes are silent for a year", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-migrated-"));
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("loses none of them by the upgrade, in the embedded store", async () => {
    mkdirSync(join(place, "store"), { mode: 0o700 });
    const database = await PGlite.create(join(place, "store", "data"));
    await asBefore(new Kysely({ dialect: new PgliteDialect(database) }));
    await opened(`pglite:${join(place, "store")}`);
  });

  it.skipIf(needsPostgres)("loses none of them by the upgrade, in PostgreSQL", async () => {
    const server = new PostgresServer();
    await server.start();
    server.create("before");
    const address = server.address("before");
    await asBefore(new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: address }) }) }));
    await opened(address);
    await server.close();
  });
});
