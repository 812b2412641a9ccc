/** Changes of verdicts, and departures that nodes told of. */
import { type Insertable, type Selectable, sql } from "kysely";
import type { Database } from "./connection.ts";
import type { ChangeTable, DepartureTable } from "./tables.ts";

export type ChangeRow = Selectable<ChangeTable>;
export type DepartureRow = Selectable<DepartureTable>;

/** Of a canister, no more departures are kept: the oldest go first. */
const MOST_DEPARTURES = 1000;
/** Of a node, whose labels have no end: of the canister that has the most the oldest go first. */
const MOST_OF_NODE = 10_000;
/** Of a node, no more changes are kept. A receiver that was not sent one of the others yet misses it, and is told that. */
const MOST_CHANGES = 100_000;

/** Of one tenant, or of all. Those of others are not read: one tenant may make very many, and each reader would pass over all of them. */
export function changesAfter(db: Database, id: number, most: number, tenant?: string): Promise<ChangeRow[]> {
  return db
    .selectFrom("changes")
    .selectAll()
    .where("id", ">", id)
    .$if(tenant !== undefined, (query) => query.where("tenant", "=", tenant as string))
    .orderBy("id")
    .limit(most)
    .execute();
}

export async function lastChange(db: Database): Promise<number> {
  const { rows } = await sql<{ last: number }>`select coalesce(max(id), 0) as last from changes`.execute(db);
  return rows[0]?.last ?? 0;
}

/**
 * Removes the oldest changes of a node that has more. Those of other nodes stay, whatever this one does. Receivers that were not sent what
 * goes miss it: it is counted for each of them.
 */
export async function forgetChanges(db: Database, node: string, most = MOST_CHANGES): Promise<void> {
  await sql`
    with gone as (
      delete from changes where node = ${node} and id <= (
        select id from changes where node = ${node} order by id desc offset ${most} limit 1) returning id)
    update receivers set skipped = skipped + (select count(*) from gone where gone.id > receivers.sent)
    where sent < (select max(id) from gone)`.execute(db);
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
  most = MOST_OF_NODE,
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
    await sql`
      delete from departures where id in (
        select id from departures where node = ${node} and label = (
          select label from departures where node = ${node} group by label order by count(*) desc, label limit 1)
        order by id limit greatest(0, (select count(*) from departures where node = ${node}) - ${most}::bigint))`.execute(
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
