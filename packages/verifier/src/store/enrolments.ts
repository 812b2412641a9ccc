/** One-time tokens, and enrolments that wait for their answer. Each is used once, also when two requests come at the same time. */
import { type Selectable, sql } from "kysely";
import type { Database } from "./connection.ts";
import type { EnrolmentTable, EnrolmentTokenTable } from "./tables.ts";

export type TokenRow = Selectable<EnrolmentTokenTable>;
export type EnrolmentRow = Selectable<EnrolmentTable>;

export async function writeToken(
  db: Database,
  row: Omit<TokenRow, "labels" | "used"> & { labels: object },
): Promise<void> {
  await db
    .insertInto("enrolment_tokens")
    .values({ ...row, labels: JSON.stringify(row.labels), used: null })
    .execute();
}

/** How many tokens of a tenant were not used, up to a number. One that ran out counts until it is forgotten. */
export async function unusedTokens(db: Database, tenant: string, most: number): Promise<number> {
  const { rows } = await sql<{ number: number }>`
    select count(*)::integer as number from
    (select 1 from enrolment_tokens where tenant = ${tenant} and used is null limit ${most}) as unused`.execute(db);
  return rows[0]?.number ?? 0;
}

/** The token, if it may still be used. */
export function usableToken(db: Database, token: string): Promise<TokenRow | undefined> {
  return db
    .selectFrom("enrolment_tokens")
    .selectAll()
    .where("token", "=", token)
    .where("used", "is", null)
    .where("expires", ">", sql<Date>`now()`)
    .executeTakeFirst();
}

/** Whether it was not used before. */
export async function useToken(db: Database, token: string): Promise<boolean> {
  const { rows } =
    await sql`update enrolment_tokens set used = now() where token = ${token} and used is null returning token`.execute(
      db,
    );
  return rows.length === 1;
}

export async function writeEnrolment(db: Database, row: EnrolmentRow): Promise<void> {
  await db
    .insertInto("enrolments")
    .values({ ...row, labels: JSON.stringify(row.labels) })
    .execute();
}

/** An enrolment, and when the node of its name was revoked, as that stood when the enrolment was taken. */
export type TakenEnrolment = EnrolmentRow & { readonly revoked: Date | undefined };

/**
 * Right or wrong, an answer ends the enrolment: it is gone after this. A revocation withdraws what waits. So one that comes later than this
 * is told by its time, which is then another one: whether the clocks of two verifiers agree does not matter.
 */
export function takeEnrolment(db: Database, id: string): Promise<TakenEnrolment | undefined> {
  return db.transaction().execute(async (step) => {
    const taken = await step.deleteFrom("enrolments").where("id", "=", id).returningAll().executeTakeFirst();
    if (taken === undefined) return undefined;
    const node = await step
      .selectFrom("nodes")
      .select(["state", "since"])
      .where("name", "=", taken.name)
      .executeTakeFirst();
    return { ...taken, revoked: node?.state === "revoked" ? node.since : undefined };
  });
}

/** Removes the tokens that were made for a name, and what was begun under it. */
export async function withdrawEnrolments(db: Database, name: string): Promise<void> {
  await db.deleteFrom("enrolment_tokens").where("name", "=", name).execute();
  await db.deleteFrom("enrolments").where("name", "=", name).execute();
}

/** Removes what can no longer be used. */
export async function forgetEnrolments(db: Database, minutes: number): Promise<void> {
  await sql`delete from enrolments where begun < now() - make_interval(mins => ${minutes})`.execute(db);
  await sql`delete from enrolment_tokens where expires < now() - interval '7 days'`.execute(db);
}
