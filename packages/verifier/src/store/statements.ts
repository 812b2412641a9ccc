/**
 * Statements for the transparency log: an outbox. A statement is written in the transaction of what it states, so neither is there
 * without the other. Numbers are given under the lock of one row until that transaction ends, so they have no gap and their order is
 * that of the commits. This lock is taken after every other one, or before all of them.
 */
import { createHmac, randomBytes } from "node:crypto";
import { type Said, type SaidOf, writeStatement } from "@isoline/log/statement";
import { type Selectable, sql } from "kysely";
import type { Database } from "./connection.ts";
import { ALIVE } from "./leases.ts";
import type { LogTable, StatementTable } from "./tables.ts";

export type LogRow = Selectable<LogTable>;
export type StatementRow = Selectable<StatementTable>;

/** A change with the label itself: no other part of the verifier has the key. */
type Change = Omit<SaidOf<"change">, "label"> & { readonly labelled: string | undefined };
export type ToState = Exclude<Said, { readonly kind: "change" }> | Change;

const AT_ONCE = 1000;

/** Held by each transaction that has something to state, together with others; by the one that begins the statements, alone. */
const BEGUN_LOCK = 0x69736f73;

/**
 * No statements are begun from here on before this transaction ends. What was begun before is seen by the questions after this one: so
 * what happens is either in force then, or stated here.
 */
async function keepFromBeginning(step: Database): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${BEGUN_LOCK})`.execute(step);
}

/** Writes statements, where a log was ever begun for this database. */
export async function state(step: Database, said: readonly ToState[]): Promise<void> {
  if (said.length === 0) return;
  await keepFromBeginning(step);
  const { rows } = await sql<LogRow>`update log set last = last + ${said.length} where id = 1 returning *`.execute(
    step,
  );
  const [log] = rows;
  if (log === undefined) return;
  const { source, label_key: key, last } = log;
  const at = Date.now();
  const entries = said.map((one, place) => {
    const number = last - said.length + 1 + place;
    return { number, entry: Buffer.from(writeStatement({ source, number, at, ...keyed(one, key) })) };
  });
  for (let from = 0; from < entries.length; from += AT_ONCE)
    await step
      .insertInto("statements")
      .values(entries.slice(from, from + AT_ONCE))
      .execute();
}

function keyed(one: ToState, key: Uint8Array): Said {
  if (one.kind !== "change") return one;
  const { labelled, ...change } = one;
  return { ...change, label: labelled === undefined ? undefined : labelDigest(key, one.node, labelled) };
}

/** How a log names a label (docs/spec/log-entries.md). `node` is 64 digits. */
export function labelDigest(key: Uint8Array, node: string, label: string): string {
  return createHmac("sha256", key).update(`isoline fleet label 1\0${node}\0${label}`).digest("hex");
}

/** Whether statements are written. Until the transaction ends, no other writes any, and none are begun. */
export async function lockLog(step: Database): Promise<boolean> {
  await keepFromBeginning(step);
  const { rows } = await sql`select 1 from log where id = 1 for update`.execute(step);
  return rows.length === 1;
}

/** Begins the statements of this database, for a log of so many entries; false where they were begun before. */
export async function beginLog(step: Database, origin: string, size: number): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(${BEGUN_LOCK})`.execute(step);
  const made = await step
    .insertInto("log")
    .values({
      ...{ id: 1, source: randomBytes(16).toString("hex"), label_key: randomBytes(32), origin, size },
      ...{ last: 0, appended: 0, hour: 0, writer: null },
    })
    .onConflict((on) => on.doNothing())
    .returning("id")
    .executeTakeFirst();
  // They were of a log before this one.
  if (made !== undefined) await step.deleteFrom("root_hours").execute();
  return made !== undefined;
}

/** What the database knows of its log, and the present hour since 1970. All verifiers have its clock, and none can put its own ahead. */
export type ClaimedLog = LogRow & { readonly writer: string; readonly present: number };

/** Makes a verifier the one that appends; undefined while another one that is alive does. */
export async function claimLog(db: Database, writer: string): Promise<ClaimedLog | undefined> {
  const { rows } = await sql<ClaimedLog>`
    update log set writer = ${writer} where id = 1
      and (writer is null or writer = ${writer} or writer not in (select id from verifiers where ${ALIVE}))
    returning *, floor(extract(epoch from now()) / 3600)::integer as present`.execute(db);
  return rows[0];
}

export async function releaseLog(db: Database, writer: string): Promise<void> {
  await db.updateTable("log").set({ writer: null }).where("writer", "=", writer).execute();
}

export function statementsBehind(db: Database, number: number, most: number): Promise<StatementRow[]> {
  return db.selectFrom("statements").selectAll().where("number", ">", number).orderBy("number").limit(most).execute();
}

/** How far a log is known to have the statements, and some of those that it is not known to have, at one moment. */
export interface StatementsKept {
  readonly appended: number;
  readonly rows: readonly StatementRow[];
}

/** Those with a number from `first` to `last`. */
export async function statementsKept(db: Database, first: number, last: number): Promise<StatementsKept> {
  // One question has one moment: what another verifier appends meanwhile is either known to be in the log, or is kept.
  const { rows } = await sql<{ appended: number } & (StatementRow | Record<keyof StatementRow, null>)>`
    select log.appended, kept.number, kept.entry from log
    left join statements as kept on kept.number between ${first}::bigint and ${last}::bigint where log.id = 1`.execute(
    db,
  );
  return { appended: rows[0]?.appended ?? 0, rows: rows.filter((row) => row.number !== null) };
}

/**
 * The log has the statements up to a number, among its first `size` entries. False, and nothing is written, where another verifier appends
 * by now: it knows of more, since what was on its way here may come late.
 */
export function settleLog(db: Database, writer: string, appended: number, size: number): Promise<boolean> {
  return db.transaction().execute(async (step) => {
    const { rows } = await sql`
      update log set appended = greatest(appended, ${appended}::bigint), size = greatest(size, ${size}::bigint)
      where id = 1 and writer = ${writer} returning id`.execute(step);
    if (rows.length === 0) return false;
    await step.deleteFrom("statements").where("number", "<=", appended).execute();
    return true;
  });
}

/** Whether the present hour needs a root. Where the last one was stated by a clock that ran ahead, the hours that come have theirs. */
export const needsRoot = ({ hour, present }: ClaimedLog): boolean => present > hour || present + 1 < hour;

/** States the root of the present hour, unless that one or a later one has a root by now. */
export async function stateRoot(db: Database, root: Omit<SaidOf<"root">, "kind">): Promise<void> {
  await db.transaction().execute(async (step) => {
    if ((await lockLog(step)) && (await takeHour(step, root.hour))) await state(step, [{ kind: "root", ...root }]);
  });
}

/** Hours that are known to have a root: a clock may run ahead for a month and more, and hours are not stated anew when it is set right. */
const MOST_HOURS = 1000;

/**
 * Whether an hour gets its root now. Not where it is over, since the verifier that computed the root was paused, or another one went on.
 * A clock that ran ahead is not gone on from: what it stated lies ahead, is forgotten, and comes again when it truly comes. The hours
 * before it keep the one root that they have.
 */
async function takeHour(step: Database, hour: number): Promise<boolean> {
  // The time of this statement, which may have waited for the lock.
  const { rows: clock } = await sql<{ present: number }>`
    select floor(extract(epoch from clock_timestamp()) / 3600)::integer as present`.execute(step);
  const present = clock[0]?.present ?? 0;
  if (Math.abs(hour - present) > 1) return false;
  // The next hour is not ahead: a clock that is set back by a moment as the hour begins would state it twice.
  await step
    .deleteFrom("root_hours")
    .where("hour", ">", present + 1)
    .execute();
  const { rows } = await sql`insert into root_hours (hour)
    select ${hour}::bigint where not exists (select 1 from root_hours where hour >= ${hour}) returning hour`.execute(
    step,
  );
  await sql`delete from root_hours
    where hour <= (select hour from root_hours order by hour desc offset ${MOST_HOURS} limit 1)`.execute(step);
  await sql`update log set hour = (select max(hour) from root_hours) where id = 1`.execute(step);
  return rows.length === 1;
}

/** A verdict as the root of an hour has it; `label` is null for a node. */
export interface StandingVerdict {
  readonly node: string;
  readonly label: string | null;
  readonly state: string;
  readonly failure: string | null;
}

type StandingNode = Omit<StandingVerdict, "node" | "label"> & { readonly id: string; readonly name: string };

/** Each may have 4 096 canisters. */
const NODES_AT_ONCE = 32;

/** All verdicts as they are at one moment: page by page, in the order of the nodes' ids. */
export async function everyVerdict(db: Database, take: (page: readonly StandingVerdict[]) => void): Promise<void> {
  await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (step) => {
      for (let behind = ""; ; ) {
        const { rows: nodes } = await sql<StandingNode>`
          select id, name, state, failure from nodes where id collate "C" > ${behind} order by id collate "C" limit ${AT_ONCE}`.execute(
          step,
        );
        const last = nodes.at(-1);
        if (last === undefined) return;
        behind = last.id;
        for (let from = 0; from < nodes.length; from += NODES_AT_ONCE)
          take(await verdictsOf(step, nodes.slice(from, from + NODES_AT_ONCE)));
      }
    });
}

async function verdictsOf(step: Database, nodes: readonly StandingNode[]): Promise<readonly StandingVerdict[]> {
  const ids = new Map(nodes.map(({ id, name }) => [name, id]));
  const canisters = await step
    .selectFrom("canisters")
    .select(["node", "label", "state", "failure"])
    .where("node", "in", [...ids.keys()])
    .execute();
  return [
    ...nodes.map(({ id, state: stands, failure }) => ({ node: id, label: null, state: stands, failure })),
    ...canisters.map((row) => ({ ...row, node: ids.get(row.node) as string })),
  ];
}
