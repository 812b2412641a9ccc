/** Changes of verdicts, and departures that nodes told of. */
import { type Insertable, type Selectable, sql } from "kysely";
import type { Database } from "./connection.ts";
import type { ChangeTable, DepartureTable } from "./tables.ts";

export type ChangeRow = Selectable<ChangeTable>;
export type DepartureRow = Selectable<DepartureTable>;

/** Of a canister, no more departures are kept: the oldest go first. */
const MOST_DEPARTURES = 1000;

export function changesAfter(db: Database, id: number, most: number): Promise<ChangeRow[]> {
  return db.selectFrom("changes").selectAll().where("id", ">", id).orderBy("id").limit(most).execute();
}

export async function lastChange(db: Database): Promise<number> {
  const { rows } = await sql<{ last: number }>`select coalesce(max(id), 0) as last from changes`.execute(db);
  return rows[0]?.last ?? 0;
}

/** Of one canister, the newest first. */
export function historyOf(db: Database, node: string, label: string, most: number): Promise<ChangeRow[]> {
  return db
    .selectFrom("changes")
    .selectAll()
    .where("node", "=", node)
    .where("label", "=", label)
    .orderBy("id", "desc")
    .limit(most)
    .execute();
}

export async function writeDepartures(
  db: Database,
  node: string,
  label: string,
  rows: readonly Omit<Insertable<DepartureTable>, "node" | "label">[],
): Promise<void> {
  if (rows.length === 0) return;
  const points = rows.flatMap(({ point }) => point ?? []);
  await db.transaction().execute(async (step) => {
    // What is told again has newer words and counts.
    if (points.length > 0)
      await step
        .deleteFrom("departures")
        .where("node", "=", node)
        .where("label", "=", label)
        .where("point", "in", points)
        .execute();
    await step
      .insertInto("departures")
      .values(rows.map((row) => ({ ...row, node, label })))
      .execute();
    await sql`
      delete from departures where node = ${node} and label = ${label} and id <= (
        select id from departures where node = ${node} and label = ${label} order by id desc offset ${MOST_DEPARTURES} limit 1)`.execute(
      step,
    );
  });
}

/** The newest first. */
export function departuresOf(db: Database, node: string, label: string, most: number): Promise<DepartureRow[]> {
  return db
    .selectFrom("departures")
    .selectAll()
    .where("node", "=", node)
    .where("label", "=", label)
    .orderBy("id", "desc")
    .limit(most)
    .execute();
}
