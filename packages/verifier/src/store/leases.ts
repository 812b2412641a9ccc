/** Which verifiers are alive, by leases that they renew. Only the database's clock is asked how late it is. */
import { sql } from "kysely";
import type { Database } from "./connection.ts";

const FORGOTTEN = "1 hour";

/** Whether a row of `verifiers` is of one that is alive. */
export const ALIVE = sql<boolean>`until > now()`;

/**
 * Cuts leases that have more to run than they were given for: they are from before the clock was set back. A verifier that has died would
 * live for as long as the clock had run ahead. One that is alive renews its lease in time. The time of this moment counts: a transaction
 * began before the renewals that it sees.
 */
export async function cutLeases(db: Database): Promise<void> {
  await sql`
    update verifiers set until = clock_timestamp() + make_interval(secs => seconds)
    where until > clock_timestamp() + make_interval(secs => seconds)`.execute(db);
}

export async function beginLease(db: Database, id: string, host: string, seconds: number): Promise<void> {
  await sql`delete from verifiers where until < now() - ${FORGOTTEN}::interval`.execute(db);
  await sql`
    insert into verifiers (id, host, started, until, seconds)
    values (${id}, ${host}, now(), now() + make_interval(secs => ${seconds}), ${seconds})`.execute(db);
}

export async function isAlive(db: Database, id: string): Promise<boolean> {
  const { rows } = await sql`select 1 from verifiers where id = ${id} and ${ALIVE}`.execute(db);
  return rows.length === 1;
}

/** Whether the lease was still running, and goes on. */
export async function renewLease(db: Database, id: string, seconds: number): Promise<boolean> {
  const { rows } = await sql`
    update verifiers set until = now() + make_interval(secs => ${seconds}), seconds = ${seconds}
    where id = ${id} and ${ALIVE} returning id`.execute(db);
  return rows.length === 1;
}

export function endLease(db: Database, id: string): Promise<void> {
  return endLeases(db, [id]);
}

/** Also of verifiers that were found dead: where the clock is set back, a lease that has run out would run again. */
export async function endLeases(db: Database, ids: readonly string[]): Promise<void> {
  await db.deleteFrom("verifiers").where("id", "in", ids).execute();
}
