/** Which verifiers are alive, by leases that they renew. Only the database's clock is asked how late it is. */
import { sql } from "kysely";
import type { Database } from "./connection.ts";

const FORGOTTEN = "1 hour";

export async function beginLease(db: Database, id: string, host: string, seconds: number): Promise<void> {
  await sql`delete from verifiers where until < now() - ${FORGOTTEN}::interval`.execute(db);
  await sql`insert into verifiers (id, host, started, until) values (${id}, ${host}, now(), now() + make_interval(secs => ${seconds}))`.execute(
    db,
  );
}

/** Whether the lease was still running, and goes on. */
export async function renewLease(db: Database, id: string, seconds: number): Promise<boolean> {
  const { rows } = await sql`
    update verifiers set until = now() + make_interval(secs => ${seconds}) where id = ${id} and until > now() returning id`.execute(
    db,
  );
  return rows.length === 1;
}

export async function endLease(db: Database, id: string): Promise<void> {
  await db.deleteFrom("verifiers").where("id", "=", id).execute();
}
