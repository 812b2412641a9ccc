/** Changes of verdicts, and departures that nodes told of. */
import { type Insertable, type Selectable, sql } from "kysely";
import { VerifierError } from "../error.ts";
import type { Database } from "./connection.ts";
import { inPieces } from "./pieces.ts";
import type { ChangeTable, DepartureTable, State } from "./tables.ts";

export type ChangeRow = Selectable<ChangeTable>;
type NewChange = Insertable<ChangeTable>;
/** Another verdict of a node that stays, or of one of its canisters. */
export type VerdictChange = NewChange & { readonly after: State };
export type DepartureRow = Selectable<DepartureTable>;

/** Of a canister, no more departures are kept: the oldest go first. */
const MOST_DEPARTURES = 1000;
/** Of a node, whose labels have no end: of the canister that has the most the oldest go first. */
const MOST_OF_NODE = 10_000;
/** Of a node, no more changes are kept. A receiver that was not sent one of the others yet misses it, and is told that. */
const MOST_CHANGES = 100_000;

/** Changes are numbered in the order in which they are committed, so that a reader that goes by numbers passes over none. */
const CHANGES_LOCK = 0x69736f6c;
/** Each so many changes, those of the nodes that made the last are counted: so most often those of a node that makes the most. */
const LOOKED_AT_EACH = 10_000;

/** Writes changes in their order. This is done after the rows of their nodes are locked, and before anything is stated. */
export async function writeChanges(step: Database, changes: readonly NewChange[]): Promise<void> {
  if (changes.length === 0) return;
  await sql`select pg_advisory_xact_lock(${CHANGES_LOCK})`.execute(step);
  const numbers: number[] = [];
  for (const some of inPieces(changes)) {
    const rows = await step
      .insertInto("changes")
      .values([...some])
      .returning("id")
      .execute();
    numbers.push(...rows.map(({ id }) => id));
  }
  const [least = 0, largest = 0] = [numbers[0], numbers.at(-1)];
  if (Math.floor((least - 1) / LOOKED_AT_EACH) < Math.floor(largest / LOOKED_AT_EACH))
    for (const node of new Set(changes.map((change) => change.node))) await forgetChanges(step, node);
  await sql`select pg_notify('isoline_change', 'new')`.execute(step);
}

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

/** Of one canister, the newest first. A node of this name that is gone may have been of another tenant: its changes are not told. */
export function historyOf(db: Database, node: string, label: string, most: number): Promise<ChangeRow[]> {
  return db
    .selectFrom("changes")
    .selectAll()
    .where("node", "=", node)
    .where("label", "=", label)
    .where(
      sql<boolean>`id > coalesce((select max(id) from changes where node = ${node} and label is null and after = 'gone'), 0)`,
    )
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
  await writeThem(db, node, label, rows, most).catch((fault: unknown) => {
    if ((fault as { code?: unknown }).code === NO_SUCH_NODE) throw isGone(node);
    throw fault;
  });
}

/** The SQLSTATE of a row that refers to one that is not there. */
const NO_SUCH_NODE = "23503";

/** It was collected or retired since its token was looked at. */
const isGone = (node: string): VerifierError =>
  new VerifierError("unknown-caller", `expected a node that is enrolled, got ${node}, which is gone; enrol it anew`);

async function writeThem(
  db: Database,
  node: string,
  label: string,
  rows: readonly Omit<Insertable<DepartureTable>, "node" | "label">[],
  most: number,
): Promise<void> {
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
