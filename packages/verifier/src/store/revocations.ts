/** The revocation epoch: how many revocations there were. It is raised in the transaction of each, and only goes up. */
import { sql } from "kysely";
import type { Database } from "./connection.ts";

export interface EpochRow {
  readonly epoch: number;
  readonly raised: Date;
}

export function presentEpoch(db: Database): Promise<EpochRow> {
  return db.selectFrom("revocations").select(["epoch", "raised"]).executeTakeFirstOrThrow();
}

/** The epoch that begins with the end of this transaction; every verifier on the database is told. */
export async function raiseEpoch(step: Database): Promise<EpochRow> {
  const { rows } = await sql<EpochRow>`
    update revocations set epoch = epoch + 1, raised = greatest(raised, now()) where id = 1 returning epoch, raised`.execute(
    step,
  );
  await sql`select pg_notify('isoline_epoch', 'new')`.execute(step);
  return rows[0] as EpochRow;
}
