/** Who did what to a verifier. Written in the transaction of the act. */
import type { Database } from "./connection.ts";
import type { Selectable } from "kysely";
import type { AuditTable } from "./tables.ts";

export type AuditRow = Selectable<AuditTable>;
export type Act = Omit<AuditRow, "id" | "at">;

export async function writeAct(db: Database, act: Act): Promise<void> {
  await db
    .insertInto("audit")
    .values({ ...act, at: new Date() })
    .execute();
}

/** The newest first, below a number; of one tenant, or of all. */
export function acts(db: Database, tenant: string | undefined, below: number, most: number): Promise<AuditRow[]> {
  return db
    .selectFrom("audit")
    .selectAll()
    .where("id", "<", below)
    .$if(tenant !== undefined, (query) => query.where("tenant", "=", tenant as string))
    .orderBy("id", "desc")
    .limit(most)
    .execute();
}
