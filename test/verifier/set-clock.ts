/** The clock of an embedded database, for tests: functions of the names that PostgreSQL has for it come first in the search path. */
import type { Database } from "../../packages/verifier/src/store/connection.ts";

const CLOCK = `
create schema clock;
create table clock.ahead (seconds double precision not null);
insert into clock.ahead values (0);
create function clock.now() returns timestamptz stable language sql
  as 'select pg_catalog.now() + make_interval(secs => (select seconds from clock.ahead))';
create function clock.clock_timestamp() returns timestamptz volatile language sql
  as 'select pg_catalog.clock_timestamp() + make_interval(secs => (select seconds from clock.ahead))';
set search_path = public, clock, pg_catalog`;

/** From now on `setClock` sets the clock of this store, as long as it is open. */
export async function takeClock(db: Database): Promise<void> {
  for (const statement of CLOCK.split(";")) await statementIn(db, statement);
}

/** Sets it so many seconds ahead of the true time. */
export async function setClock(db: Database, seconds: number): Promise<void> {
  await statementIn(db, `update clock.ahead set seconds = ${seconds}`);
}

/** A statement as it stands. */
export async function statementIn(db: Database, sql: string): Promise<void> {
  const query = { kind: "RawNode", sqlFragments: [sql], parameters: [] } as const;
  await db.executeQuery({ sql, query, parameters: [], queryId: { queryId: sql } });
}
