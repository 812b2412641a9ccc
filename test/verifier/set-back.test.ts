/** What the clock of a database left behind that ran ahead and was set right: nothing waits for the time that it had. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Delivery } from "../../packages/verifier/src/changes/delivery.ts";
import type { Fleet } from "../../packages/verifier/src/fleet/fleet.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";

const place = mkdtempSync(join(tmpdir(), "isoline-set-back-"));
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
    await sql`update receivers set next = now() + make_interval(secs => ${seconds})`.execute(store.db);
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
