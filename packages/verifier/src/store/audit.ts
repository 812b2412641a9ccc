/** Who did what to a verifier. Written in the transaction of the act. */
import type { Database } from "./connection.ts";
import type { Selectable } from "kysely";
import type { AuditTable } from "./tables.ts";

export type AuditRow = Selectable<AuditTable>;
export type Act = Omit<AuditRow, "id" | "at">;

/** Letters of a detail. A tenant chooses the most of them, and the acts of all tenants are read in one list. */
const MOST_DETAIL = 4096;

export async function writeAct(db: Database, act: Act): Promise<void> {
  await db
    .insertInto("audit")
    .values({ ...act, detail: beginningOf(act.detail), at: new Date() })
    .execute();
}

/** None of the letters is half. */
const beginningOf = (text: string): string =>
  text.length <= MOST_DETAIL ? text : `${Buffer.from(text.slice(0, MOST_DETAIL - 1)).toString()}…`;

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
