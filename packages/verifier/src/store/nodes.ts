/** Nodes, and which verifier owns each: the one that holds what the node said last. */
import { type RawBuilder, type Selectable, sql } from "kysely";
import type { Database } from "./connection.ts";
import { ALIVE, cutLeases, endLease, endLeases, isAlive } from "./leases.ts";
import type { NodeTable } from "./tables.ts";

export type NodeRow = Selectable<NodeTable>;

/**
 * A node that was taken over, and who owned it before; the taker itself where it had it already. How long it is silent is counted by the
 * database's clock alone, from when it was given back: those of two verifiers differ, and each may be set.
 */
export type TakenNode = NodeRow & { readonly was: string | null; readonly silentMs: number | null };

const SILENT_MS = sql<number | null>`(extract(epoch from now() - nodes.silent) * 1000)::double precision`;

export function findNode(db: Database, name: string): Promise<NodeRow | undefined> {
  return db.selectFrom("nodes").selectAll().where("name", "=", name).executeTakeFirst();
}

export async function hasNodes(db: Database, tenant: string): Promise<boolean> {
  return (
    (await db.selectFrom("nodes").select("name").where("tenant", "=", tenant).limit(1).executeTakeFirst()) !== undefined
  );
}

/**
 * Makes this verifier the owner of a node, and gives what was written of it. Gives the owner's id where another verifier that is alive
 * owns it, `lease-over` where our own lease has ended, and undefined where there is no such node.
 */
export function claimNode(
  db: Database,
  name: string,
  verifier: string,
): Promise<TakenNode | { readonly ownedBy: string } | "lease-over" | undefined> {
  return db.transaction().execute(async (step) => {
    const row = await step
      .selectFrom("nodes")
      .selectAll()
      .select(SILENT_MS.as("silentMs"))
      .where("name", "=", name)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (!(await isAlive(step, verifier))) return "lease-over";
    if (row.owner !== null && row.owner !== verifier) {
      if (await isAlive(step, row.owner)) return { ownedBy: row.owner };
      await endLease(step, row.owner);
    }
    // It is being adopted at the same time: what was told of it when it was given back still counts.
    const was = row.owner;
    if (was === verifier) return { ...row, was };
    const known =
      row.owner === null ? { silent: row.silent, silentMs: row.silentMs } : { silent: null, silentMs: null };
    await step.updateTable("nodes").set({ owner: verifier, silent: known.silent }).where("name", "=", name).execute();
    return { ...row, ...known, owner: verifier, was };
  });
}

/**
 * Takes over nodes that no live verifier owns and that are to be watched. Others that take over at once get other nodes. Each verifier
 * asks every two seconds, so both questions are answered by the index of owners: the second only where an owner has died. So soon a clock
 * that was set back is noticed, too.
 */
export async function adoptNodes(db: Database, verifier: string, most: number): Promise<readonly TakenNode[]> {
  const free = await adopt(db, verifier, sql`owner is null`, most);
  await cutLeases(db);
  const dead = free.length < most ? await deadOwners(db) : [];
  if (dead.length === 0) return free;
  await endLeases(db, dead);
  const left = await adopt(db, verifier, sql`owner in (${sql.join(dead)})`, most - free.length);
  return [...free, ...left];
}

async function adopt(db: Database, verifier: string, whose: RawBuilder<unknown>, most: number): Promise<TakenNode[]> {
  const { rows } = await sql<TakenNode>`
    update nodes set owner = ${verifier}, silent = case when taken.was is null then nodes.silent end
    from (select name, owner as was from nodes where ${whose} and state not in ('revoked', 'unknown')
      limit ${most} for update skip locked) as taken
    where nodes.name = taken.name and exists (select 1 from verifiers where id = ${verifier} and ${ALIVE})
    returning nodes.*, taken.was, ${SILENT_MS} as "silentMs"`.execute(db);
  return rows;
}

/** The names of the nodes that this verifier owns and is to watch. */
export async function watchedBy(db: Database, verifier: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("nodes")
    .select("name")
    .where("owner", "=", verifier)
    .where("state", "not in", ["revoked", "unknown"])
    .execute();
  return rows.map(({ name }) => name);
}

/** Owners whose lease has run out. None comes back: it takes another id. Steps from one owner to the next, over all of its nodes. */
async function deadOwners(db: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    with recursive owners (id) as (
      select min(owner) from nodes
      union all
      select (select min(owner) from nodes where owner > owners.id) from owners where owners.id is not null)
    select id from owners where id is not null and id not in (select id from verifiers where ${ALIVE})`.execute(db);
  return rows.map(({ id }) => id);
}

/** What an owner gives back: what it knows of a node, newer than what was written. */
export interface Released {
  readonly name: string;
  readonly accepted: string | null;
  readonly seen: Date | null;
  /** For how many milliseconds it has been silent. Null where it is given to no other verifier: while none runs, no node can be heard. */
  readonly silentMs: number | null;
}

const AT_ONCE = 1000;

export async function releaseNodes(db: Database, verifier: string, nodes: readonly Released[]): Promise<void> {
  for (let at = 0; at < nodes.length; at += AT_ONCE) {
    const some = nodes
      .slice(at, at + AT_ONCE)
      .map(({ name, accepted, seen, silentMs }) => ({ name, accepted, seen, silent: silentMs }));
    await sql`
      update nodes set owner = null, accepted = coalesce(told.accepted, nodes.accepted), seen = coalesce(told.seen, nodes.seen),
        silent = ${silentFor(sql`told.silent`)}
      from jsonb_to_recordset(${JSON.stringify(some)}::jsonb)
        as told (name text, accepted text, seen timestamptz, silent double precision)
      where nodes.name = told.name and nodes.owner = ${verifier}`.execute(db);
  }
}

/** From when on a node is silent that has been so for so many milliseconds; null where that is not known. */
const silentFor = (ms: RawBuilder<unknown>) => sql`now() - make_interval(secs => ${ms} / 1000)`;

/** Gives back a node of which its owner knows nothing but what is written, and perhaps for how long it has been silent. */
export async function releaseAsWritten(db: Database, verifier: string, name: string, silentMs?: number): Promise<void> {
  await sql`
    update nodes set owner = null, silent = coalesce(${silentFor(sql`${silentMs ?? null}::double precision`)}, silent)
    where name = ${name} and owner = ${verifier}`.execute(db);
}

/** Asks an owner to give a node back; `isUrgent`: before evidence of it that waits. */
export async function askForRelease(db: Database, owner: string, name: string, isUrgent = false): Promise<void> {
  await sql`select pg_notify('isoline_release', ${`${owner} ${name}${isUrgent ? " urgently" : ""}`})`.execute(db);
}

export function nodeById(db: Database, id: string): Promise<NodeRow | undefined> {
  return db.selectFrom("nodes").selectAll().where("id", "=", id).executeTakeFirst();
}

/** The ids of all nodes, in pages. */
export async function everyEnrolled(db: Database, take: (ids: readonly string[]) => Promise<void>): Promise<void> {
  for (let behind = ""; ; ) {
    const rows = await db
      .selectFrom("nodes")
      .select("id")
      .where("id", ">", behind)
      .orderBy("id")
      .limit(AT_ONCE)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    behind = last.id;
    await take(rows.map(({ id }) => id));
  }
}

type Enrolled = Pick<NodeRow, "name" | "id" | "tenant" | "labels" | "document" | "token" | "enrolled"> & {
  readonly machine?: string | null;
};

export async function insertNode(db: Database, row: Enrolled): Promise<void> {
  const blank = { state: "unknown", since: row.enrolled, links: "[]", root: "none" } as const;
  await db
    .insertInto("nodes")
    .values({ machine: null, ...row, ...blank, labels: JSON.stringify(row.labels) })
    .execute();
}

/** Holds a node that was just enrolled to what was accepted of its key before, and to these labels. */
export async function holdTo(db: Database, row: Pick<NodeRow, "name" | "accepted" | "labels">): Promise<void> {
  const { name, accepted } = row;
  await db
    .updateTable("nodes")
    .set({ accepted, labels: JSON.stringify(row.labels) })
    .where("name", "=", name)
    .execute();
}

/**
 * Enrols a node anew under its name, with another token. `was` is its id before; `accepted` is the state of the last accepted evidence, or
 * null to begin from nothing. Evidence by another key is forgotten. False where there is no such node. Its verdict is written in the same
 * transaction, by the caller.
 */
export async function renewEnrolment(
  db: Database,
  row: Enrolled,
  was: string,
  accepted: string | null,
): Promise<boolean> {
  const { name, id, document, machine = null, token, enrolled } = row;
  const there = await findNode(db, name);
  // The label chooses the policy that judges the node; a token without one, which any operator makes, takes none away.
  const kept = there?.labels["policy"];
  const labels = kept === undefined ? row.labels : { policy: kept, ...row.labels };
  const { numUpdatedRows } = await db
    .updateTable("nodes")
    .set({
      ...{ id, document, machine, token, enrolled, accepted },
      // It has the whole time anew until it is collected, also where it has sent nothing since the last enrolment.
      idle: sql<Date>`now()`,
      labels: JSON.stringify(labels),
    })
    .where("name", "=", name)
    .where("id", "=", was)
    // The node that was there when this began may be gone, and its name another tenant's.
    .where("tenant", "=", row.tenant)
    .executeTakeFirst();
  if (id !== was) await db.deleteFrom("evidence").where("node", "=", name).execute();
  return numUpdatedRows === 1n;
}

/** The names of the nodes that were enrolled on a machine. No other enrolment on it goes ahead before this transaction ends. */
export async function nodesOnMachine(step: Database, machine: string): Promise<readonly string[]> {
  await sql`select pg_advisory_xact_lock(hashtext('isoline machine ' || ${machine}))`.execute(step);
  const rows = await step.selectFrom("nodes").select("name").where("machine", "=", machine).execute();
  return rows.map(({ name }) => name);
}
