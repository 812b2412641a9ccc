/** One contract for both stores: the embedded one, and PostgreSQL as a role that owns none of its tables. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import type { Tables } from "../../packages/verifier/src/store/tables.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";

export interface TestedStore {
  /** It is opened before the first test. */
  readonly store: () => stores.Connection;
  /** The same database, for what the role of a verifier may not do. */
  readonly owned: () => stores.Connection;
  /** Empties tables, the last first. */
  readonly clear: (tables: readonly (keyof Tables)[]) => Promise<void>;
}

/** `more` has tests of one store alone. */
export function onBothStores(
  contract: (tested: TestedStore) => void,
  more: { embedded?: (place: string) => void; postgres?: (server: PostgresServer, database: string) => void } = {},
): void {
  describe("the embedded store", () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-store-"));
    const embedded = () => stores.openStore(`pglite:${place}`);
    contract(opened({ open: embedded, close: () => Promise.resolve(rmSync(place, { recursive: true, force: true })) }));
    more.embedded?.(place);
  });

  describe.skipIf(needsPostgres)("PostgreSQL (needs Debian's postgresql)", () => {
    const [server, database] = [new PostgresServer(), "contract"];
    const open = async () => {
      await server.start();
      await prepare(server, database);
      return stores.openStore(server.address(database));
    };
    const openOwned = () => stores.openStore(server.ownerAddress(database));
    contract(opened({ open, openOwned, close: () => server.close() }));
    more.postgres?.(server, database);
  });
}

function opened({
  open,
  openOwned,
  close,
}: {
  readonly open: () => Promise<stores.Connection>;
  readonly openOwned?: () => Promise<stores.Connection>;
  readonly close: () => Promise<void>;
}): TestedStore {
  let store: stores.Connection | undefined;
  let owned: stores.Connection | undefined;
  beforeAll(async () => {
    store = await open();
    owned = (await openOwned?.()) ?? store;
  });
  afterAll(async () => {
    if (owned !== store) await owned?.close();
    await store?.close();
    await close();
  });
  return {
    store: () => store as stores.Connection,
    owned: () => owned as stores.Connection,
    clear: async (tables) => {
      for (const table of tables.toReversed()) await (owned as stores.Connection).db.deleteFrom(table).execute();
    },
  };
}
