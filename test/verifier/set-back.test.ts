/** What the clock of a database left behind that ran ahead and was set right: nothing waits for the time that it had. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Delivery } from "../../packages/verifier/src/changes/delivery.ts";
import type { Fleet } from "../../packages/verifier/src/fleet/fleet.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { SoftwareNode } from "./software-node.ts";

const place = mkdtempSync(join(tmpdir(), "isoline-set-back-"));
/** The database has the clock of this machine. */
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);
let store: stores.Connection;

beforeAll(async () => {
  store = await stores.openStore(`pglite:${place}`);
});
afterAll(async () => {
  await store.close();
  rmSync(place, { recursive: true, force: true });
});

describe("changes for a receiver", () => {
  const change = { at: new Date(0), node: "node-1", label: null, tenant: "acme", failure: null, why: null } as const;
  /** Nodes whose changes are sent by a verifier that starts now, where the next try is so many seconds ahead. */
  const sent = async (seconds: number): Promise<readonly string[]> => {
    const nodes: string[] = [];
    const fleet = { store, onChange: () => () => undefined } as unknown as Fleet;
    const send = async (changes: readonly { readonly node: string }[]) => {
      nodes.push(...changes.map(({ node }) => node));
    };
    await stores.beginReceiver(store.db, "pager");
    const values = { ...change, before: "unknown", after: "affirming", counters: null } as const;
    await store.db.insertInto("changes").values(values).execute();
    await store.db
      .updateTable("receivers")
      .set({ next: inSeconds(seconds) })
      .execute();
    const delivery = new Delivery(fleet, { name: "pager", send }, (_, fault) => {
      throw fault;
    });
    await delivery.start();
    await delivery.stop();
    return nodes;
  };

  beforeEach(async () => {
    for (const table of ["receivers", "changes"] as const) await store.db.deleteFrom(table).execute();
  });

  it("are sent where the next try is a day ahead, since none is that late", async () => {
    expect(await sent(86_400)).toEqual(["node-1"]);
  });

  it("wait for a try that is due within the longest wait", async () => {
    expect(await sent(200)).toEqual([]);
  });
});

describe("the lease of a verifier", () => {
  const nodes = ["node-1", "node-2"].map((name) => new SoftwareNode(name));
  const until = (id: string, seconds: number) =>
    store.db
      .updateTable("verifiers")
      .set({ until: inSeconds(seconds) })
      .where("id", "=", id)
      .execute();

  beforeEach(async () => {
    for (const table of ["nodes", "verifiers", "log"] as const) await store.db.deleteFrom(table).execute();
    await stores.beginLog(store.db, "example.com/fleet", 0);
    for (const id of ["before", "other"]) await stores.beginLease(store.db, id, "host", 600);
    for (const node of nodes) {
      await stores.insertNode(store.db, node.row("acme"));
      await stores.claimNode(store.db, node.name, "before");
    }
    await store.db.updateTable("nodes").set({ state: "affirming" }).execute();
    await stores.claimLog(store.db, "before");
  });

  it("keeps its nodes and the log while it runs", async () => {
    expect(await stores.adoptNodes(store.db, "other", 10)).toEqual([]);
    expect(await stores.claimNode(store.db, "node-1", "other")).toEqual({ ownedBy: "before" });
    expect(await stores.claimLog(store.db, "other")).toBeUndefined();
    expect(await stores.renewLease(store.db, "before", 600)).toBe(true);
  });

  const lease = async (id: string) =>
    (await store.db.selectFrom("verifiers").select("until").where("id", "=", id).executeTakeFirst())?.until;

  it("is cut where it ends a day ahead: another takes the nodes and the log over once it is over", async () => {
    await store.db.updateTable("verifiers").set({ seconds: 1 }).where("id", "=", "before").execute();
    await until("before", 86_400);
    expect(await stores.adoptNodes(store.db, "other", 10)).toEqual([]);
    await setTimeout(1100);
    expect(await stores.adoptNodes(store.db, "other", 10)).toHaveLength(2);
    expect(await stores.claimLog(store.db, "other")).toMatchObject({ writer: "other" });
  });

  it("is renewed where it ends a day ahead: the verifier keeps its nodes, and another gets none", async () => {
    await until("before", 86_400);
    expect(await stores.adoptNodes(store.db, "other", 10)).toEqual([]);
    expect(await stores.renewLease(store.db, "before", 600)).toBe(true);
    expect(await lease("before")).toSatisfy((at: Date) => at <= inSeconds(601));
    expect(await stores.claimNode(store.db, "node-1", "other")).toEqual({ ownedBy: "before" });
  });

  const taking = {
    adopts: async () => (await stores.adoptNodes(store.db, "other", 10)).length,
    takes: async () => Object.keys((await stores.claimNode(store.db, "node-1", "other")) ?? {}).includes("ownedBy"),
  };
  it.each([
    ["adopts", 2],
    ["takes", false],
  ] as const)("never runs again after another verifier %s its nodes", async (how, found) => {
    await until("before", -1);
    expect(await taking[how]()).toBe(found);
    // As if the clock were set back by more than what has passed since it was over.
    await until("before", 500);
    expect(await stores.renewLease(store.db, "before", 600)).toBe(false);
  });
});
