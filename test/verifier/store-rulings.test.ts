/** What administrators ruled, in both stores: it stands whatever evidence says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { SoftwareNode } from "./software-node.ts";

const nodes = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
const as = (state: stores.State, why: string | null = null) => ({ state, failure: null, why });

function contract(open: () => Promise<stores.Connection>, close: () => Promise<void>): void {
  let store: stores.Connection;
  const write = (state: stores.State, name = "node-1"): stores.VerdictWrite => ({
    ...{ node: name, verifier: "v1", at: new Date(), verdict: as(state), columns: {} },
    ...{ canisters: undefined, others: as(state) },
  });
  const stands = async (name = "node-1") => (await stores.findNode(store.db, name))?.state;

  beforeAll(async () => {
    store = await open();
  });
  afterAll(async () => {
    await store.close();
    await close();
  });
  beforeEach(async () => {
    for (const table of ["changes", "nodes", "verifiers"] as const)
      await store.db.deleteFrom(table).execute();
    await stores.beginLease(store.db, "v1", "host", 60);
    for (const node of nodes) {
      await stores.insertNode(store.db, node.row());
      await stores.claimNode(store.db, node.name, "v1");
    }
  });

  it.each(["affirming", "contraindicated", "unverifiable", "stale"] as const)(
    "a node that was revoked does not become %s, and keeps no other from being written",
    async (state) => {
      await stores.writeVerdict(store.db, write("revoked"));
      const last = await stores.lastChange(store.db);
      const refusal = {
        code: "not-allowed",
        message: "node-1 was revoked; enrol it anew, with a token made for its name",
      };
      await expect(stores.writeVerdict(store.db, write(state))).rejects.toMatchObject(refusal);
      const refusals = await stores.writeVerdicts(store.db, [write(state), write(state, "node-2")]);
      expect(refusals).toMatchObject([refusal, undefined]);
      expect([await stands(), await stands("node-2")]).toEqual(["revoked", state]);
      const changes = await stores.changesAfter(store.db, last ?? 0, 10);
      expect(changes.map(({ node, after }) => [node, after])).toEqual([["node-2", state]]);
    },
  );

  it("a node that was revoked is so once more, and is unknown once it is enrolled anew", async () => {
    for (const state of ["revoked", "revoked", "unknown", "affirming"] as const) {
      await stores.writeVerdict(store.db, write(state));
      expect(await stands()).toBe(state);
    }
  });
}

describe("the embedded store", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-rulings-"));
  contract(
    () => stores.openStore(`pglite:${place}`),
    () => Promise.resolve(rmSync(place, { recursive: true, force: true })),
  );
});

describe.skipIf(needsPostgres)("PostgreSQL (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  contract(
    async () => {
      await server.start();
      server.create("rulings");
      return stores.openStore(server.address("rulings"));
    },
    () => server.close(),
  );
});
