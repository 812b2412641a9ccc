/** Which verifiers are alive, by leases that they renew. Only the database's clock is asked how late it is. */
import { sql } from "kysely";
import type { Database } from "./connection.ts";

const FORGOTTEN = "1 hour";

/**
 * Whether a row of `verifiers` is of one that is alive. A lease with more to run than it was given for is from before the clock was set
 * back: that verifier may have died, and would live for as long as the clock had run ahead. This asks for the time of this moment: a
 * transaction began before the renewals that it sees.
 */
export const ALIVE = sql<boolean>`until > clock_timestamp() and until <= clock_timestamp() + make_interval(secs => seconds)`;

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

/** Whether the lease was still running, and goes on. It does not after the clock was set back: others may have taken its nodes. */
export async function renewLease(db: Database, id: string, seconds: number): Promise<boolean> {
  const { rows } = await sql`
    update verifiers set until = now() + make_interval(secs => ${seconds}), seconds = ${seconds}
    where id = ${id} and ${ALIVE} returning id`.execute(db);
  return rows.length === 1;
}

export function endLease(db: Database, id: string): Promise<void> {
  return endLeases(db, [id]);
}

/** Also of verifiers that were found dead: where the clock was set back by little, a lease that they have would run again. */
export async function endLeases(db: Database, ids: readonly string[]): Promise<void> {
  await db.deleteFrom("verifiers").where("id", "in", ids).execute();
}
