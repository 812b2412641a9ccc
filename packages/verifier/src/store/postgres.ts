/** A verifier's tables in a PostgreSQL server, which other verifiers may use as well. */
import { setTimeout as wait } from "node:timers/promises";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { type Channel, channels } from "./channels.ts";
import type { Connection } from "./connection.ts";
import type { Tables } from "./tables.ts";

const CONNECTIONS = 10;
const URGENT_CONNECTIONS = 1;
const PATIENCE_MS = 5_000;
const STATEMENT_MS = 30_000;
const LISTEN_AGAIN_MS = 1_000;
const INT8 = 20;

/** Counts and numbers of rows stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: "text") =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export async function openPostgres(address: string): Promise<Connection> {
  const settings = { connectionString: address, types, application_name: "isoline verifier" };
  const tables = (connections: number) =>
    new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOf(settings, connections) }) });
  const db = tables(CONNECTIONS);
  const urgent = tables(URGENT_CONNECTIONS);
  let listener: pg.Client | undefined;
  let isOpen = true;

  const listenAgain = async (heard: (channel: Channel, message: string) => void): Promise<void> => {
    while (isOpen) {
      const client = new pg.Client({ ...settings, keepAlive: true });
      const ended = new Promise<void>((resolve) => client.once("end", resolve).once("error", () => resolve()));
      client.on("error", () => {});
      client.on("notification", ({ channel, payload = "" }) => heard(channel as Channel, payload));
      try {
        await client.connect();
        for (const channel of channels) await client.query(`listen ${channel}`);
        listener = client;
        // What was said while this connection was not there is not known.
        for (const channel of channels) heard(channel, "");
        await ended;
      } catch {
        // Tried again below.
      }
      await client.end().catch(() => {});
      if (isOpen) await wait(LISTEN_AGAIN_MS);
    }
  };

  return {
    db,
    urgent,
    isAlone: false,
    listen: (heard) => {
      void listenAgain(heard);
      return Promise.resolve();
    },
    close: async () => {
      isOpen = false;
      await listener?.end().catch(() => {});
      await Promise.all([db.destroy(), urgent.destroy()]);
    },
  };
}

function poolOf(settings: pg.PoolConfig, connections: number): pg.Pool {
  const pool = new pg.Pool({
    ...settings,
    max: connections,
    connectionTimeoutMillis: PATIENCE_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
  });
  // An idle connection that the server ended: the pool opens another for the next query.
  pool.on("error", () => {});
  // One that ended within a transaction, between two queries: the next query is told, and the process must not end by it.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
