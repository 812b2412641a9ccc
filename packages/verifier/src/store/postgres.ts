/** A verifier's tables in a PostgreSQL server, which other verifiers may use as well. */
import { setTimeout as wait } from "node:timers/promises";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { answered, answering } from "./answered.ts";
import { type Channel, channels } from "./channels.ts";
import type { Connection } from "./connection.ts";
import type { Tables } from "./tables.ts";

const CONNECTIONS = 10;
/** Where a lease is renewed too late, its verifier owns nothing any more. */
const URGENT = { connections: 1, statementMs: 2_000 };
const PATIENCE_MS = 5_000;
const STATEMENT_MS = 30_000;
/** So much later than the server itself ends a statement, no answer comes any more. */
const ON_THE_WAY_MS = 1_000;
const LISTEN_AGAIN_MS = 1_000;
/** So often the connection that listens is asked whether it is there: firewalls forget one on which nothing is said. It has as long. */
const LISTENS_MS = 3_000;
const ENDING_MS = 1_000;
const INT8 = 20;

/** Counts and numbers of rows stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: "text") =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export async function openPostgres(address: string): Promise<Connection> {
  const settings = {
    ...{ connectionString: address, types, application_name: "isoline verifier" },
    ...{ connectionTimeoutMillis: PATIENCE_MS, keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
  };
  const tables = (connections: number, statementMs: number) => {
    const pool = answering(poolOf(settings, connections, statementMs), statementMs + ON_THE_WAY_MS);
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  };
  const db = tables(CONNECTIONS, STATEMENT_MS);
  const urgent = tables(URGENT.connections, URGENT.statementMs);
  const unhurried = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOf(settings, 1, STATEMENT_MS) }) });
  const listener = new Listener(settings);
  return {
    ...{ db, urgent, unhurried },
    isAlone: false,
    listen: (heard) => {
      void listener.listen(heard);
      return Promise.resolve();
    },
    close: async () => {
      await listener.close();
      await Promise.all([db.destroy(), urgent.destroy(), unhurried.destroy()]);
    },
  };
}

function poolOf(settings: pg.PoolConfig, connections: number, statementMs: number): pg.Pool {
  const pool = new pg.Pool({
    ...settings,
    max: connections,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: STATEMENT_MS,
  });
  // An idle connection that the server ended: the pool opens another for the next query.
  pool.on("error", () => {});
  // One that ended within a transaction, between two queries: the next query is told, and the process must not end by it.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** A connection that hears what verifiers tell each other. Another one takes its place when it ends, or answers nothing. */
class Listener {
  readonly #settings: pg.ClientConfig;
  #client: pg.Client | undefined;
  #isOpen = true;

  constructor(settings: pg.ClientConfig) {
    this.#settings = settings;
  }

  async listen(heard: (channel: Channel, message: string) => void): Promise<void> {
    while (this.#isOpen) {
      const client = new pg.Client(this.#settings);
      this.#client = client;
      const gone = new Promise<void>((resolve) => client.once("end", resolve));
      client.on("error", () => {});
      client.on("notification", ({ channel, payload = "" }) => heard(channel as Channel, payload));
      try {
        await client.connect();
        for (const channel of channels) await ask(client, `listen ${channel}`);
        // What was said while this connection was not there is not known.
        for (const channel of channels) heard(channel, "");
        while (this.#isOpen) {
          // On the same way as messages, and behind them.
          await ask(client, "select 1");
          await Promise.race([gone, wait(LISTENS_MS, undefined, { ref: false })]);
        }
      } catch {
        // Tried again below.
      }
      await ended(client);
      if (this.#isOpen) await wait(LISTEN_AGAIN_MS);
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    if (this.#client !== undefined) await ended(this.#client);
  }
}

const ask = (client: pg.Client, statement: string) => answered(client, client.query(statement), LISTENS_MS);

async function ended(client: pg.Client): Promise<void> {
  await answered(client, client.end(), ENDING_MS).catch(() => {});
}
