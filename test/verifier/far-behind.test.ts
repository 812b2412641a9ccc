/** A receiver that is far behind, because of one tenant: what it misses, and what it does not. */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Delivery, type Receiver } from "../../packages/verifier/src/changes/index.ts";
import type { Fleet } from "../../packages/verifier/src/fleet/index.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";

const { sql } = createRequire(new URL("../../packages/verifier/package.json", import.meta.url))("kysely") as {
  readonly sql: (
    text: TemplateStringsArray,
    ...values: unknown[]
  ) => { execute(db: stores.Database): Promise<unknown> };
};

const place = mkdtempSync(join(tmpdir(), "isoline-behind-"));
let store: stores.Connection;
let isDown = false;
const taken: { readonly nodes: readonly string[]; readonly skipped: number }[] = [];
const receiver: Receiver = {
  name: "webhook pager",
  send: async (rows, skipped) => {
    if (isDown) throw new Error("it is down");
    taken.push({ nodes: rows.map(({ node, why }) => `${node} ${why}`), skipped });
  },
};

const changed = (node: string, tenant: string, whys: readonly string[]) =>
  store.db
    .insertInto("changes")
    .values(
      whys.map((why) => ({
        ...{ at: new Date(), node, tenant, label: null, failure: null, why, counters: null },
        ...({ before: "affirming", after: "contraindicated" } as const),
      })),
    )
    .execute();
const standing = () => store.db.selectFrom("receivers").selectAll().executeTakeFirstOrThrow();
/** Looks once, and ends. */
async function deliver(): Promise<void> {
  const fleet = { store, onChange: () => () => {} } as unknown as Fleet;
  await sql`update receivers set next = now()`.execute(store.db);
  const delivery = new Delivery(fleet, receiver, () => {});
  await delivery.start();
  await delivery.stop();
}

beforeAll(async () => {
  store = await stores.openStore(`pglite:${place}`);
  await stores.beginReceiver(store.db, receiver.name);
});
afterAll(async () => {
  await store.close();
  rmSync(place, { recursive: true, force: true });
});

it("gets what is there, however many changes another tenant made since", async () => {
  await changed("acme-1", "acme", ["alert"]);
  // As many as it takes, in numbers alone.
  await sql`select setval(pg_get_serial_sequence('changes', 'id'), 1000000)`.execute(store.db);
  await changed("flood-1", "flood", ["last"]);
  await deliver();
  expect(taken).toEqual([{ nodes: ["acme-1 alert", "flood-1 last"], skipped: 0 }]);
});

it("misses what was removed of the node that made very many, of no other, and is told how many until it has taken that", async () => {
  taken.length = 0;
  await changed("acme-1", "acme", ["alert"]);
  await changed("flood-1", "flood", ["1", "2", "3", "4", "5"]);
  await stores.forgetChanges(store.db, "flood-1", 2);
  isDown = true;
  await deliver();
  expect(await standing()).toMatchObject({ skipped: 3, tries: 1 });
  await changed("flood-1", "flood", ["6"]);
  await stores.forgetChanges(store.db, "flood-1", 2);
  isDown = false;
  await deliver();
  expect(taken).toEqual([{ nodes: ["acme-1 alert", "flood-1 5", "flood-1 6"], skipped: 4 }]);
  expect(await standing()).toMatchObject({ skipped: 0, tries: 0 });
});

it("is told of nothing that it had before it was removed", async () => {
  taken.length = 0;
  await stores.forgetChanges(store.db, "flood-1", 0);
  await changed("flood-1", "flood", ["7"]);
  await deliver();
  expect(taken).toEqual([{ nodes: ["flood-1 7"], skipped: 0 }]);
});

it("was told of the same twice, by two verifiers: it misses no fewer than none", async () => {
  const { name, sent } = await standing();
  await store.db.updateTable("receivers").set({ skipped: 3 }).execute();
  for (let times = 0; times < 2; times++) await stores.settleReceiver(store.db, { name, sent, tries: 0, told: 3 }, 0);
  expect(await standing()).toMatchObject({ skipped: 0 });
});

it("is told of what is removed while it takes what it missed before", async () => {
  taken.length = 0;
  await changed("flood-1", "flood", ["8", "9"]);
  await stores.forgetChanges(store.db, "flood-1", 1);
  const removes = vi.spyOn(receiver, "send").mockImplementationOnce(async () => {
    await changed("flood-1", "flood", ["10", "11"]);
    await stores.forgetChanges(store.db, "flood-1", 1);
  });
  await deliver();
  expect(removes).toHaveBeenCalledWith(expect.anything(), 1);
  await changed("flood-1", "flood", ["12"]);
  await deliver();
  expect(taken.map(({ skipped }) => skipped)).toEqual([2]);
});
