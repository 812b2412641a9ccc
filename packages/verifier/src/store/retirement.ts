/**
 * Nodes that leave the store: collected when they were silent for too long, or retired by a person. All that is kept of such a node goes in
 * one transaction, and what says so comes with it: the act, the change, the statement. A revoked node never leaves.
 */
import { sql, type Transaction } from "kysely";
import { VerifierError } from "../error.ts";
import { writeChanges } from "./changes.ts";
import type { Database } from "./connection.ts";
import { withdrawEnrolments } from "./enrolments.ts";
import { ALIVE } from "./leases.ts";
import type { NodeRow } from "./nodes.ts";
import { keepPasts, type PastOf } from "./pasts.ts";
import { inPieces } from "./pieces.ts";
import { state } from "./statements.ts";
import type { Tables } from "./tables.ts";

interface Leaving {
  readonly which: "collected" | "retired";
  readonly who: string;
  readonly why: (row: NodeRow) => string;
  readonly pastOf: PastOf;
}

/** What a node that is gone leaves in no memory. */
export type Gone = Pick<NodeRow, "name" | "id" | "token">;

/** Which nodes a verifier collects. */
export interface Collecting {
  readonly verifier: string;
  /** For so many days a node was stale, or sent nothing since it was enrolled. */
  readonly days: number;
  /** At most so many, fewer where they have much, and so many of the first not: they could not be collected. */
  readonly most: number;
  readonly skip: number;
  readonly pastOf: PastOf;
}

/** No person has this name: one of a file has no space in it. */
const VERIFIER = "the verifier";
const DAY_SECONDS = 86_400;

/** Rows that a statement removes, and of each kind: a statement of too many would run out of time, each time anew. */
const PIECE = 1000;
/** Rows after which a transaction takes no further node: as many as one may have departures. */
const MOST_ROWS = 10_000;
/** Bytes of evidence that the database has in a row of their own. */
const EVIDENCE_PART = 2000;

/**
 * Collects nodes that are due, of this verifier or of none that is alive, the longest silent first. Others that collect at once get other
 * nodes. A node whose evidence is being written is passed over, and is no longer due afterwards. One that another verifier takes in this
 * very moment may go all the same: that one is told, and what it writes of the node is refused.
 */
export function collectNodes(db: Database, { verifier, days, most, skip, pastOf }: Collecting): Promise<NodeRow[]> {
  return db.transaction().execute(async (step) => {
    const { rows } = await sql<NodeRow>`
      select * from nodes
      where state in ('stale', 'unknown') and greatest(idle, since) < now() - make_interval(secs => ${days * DAY_SECONDS})
        and (owner is null or owner = ${verifier} or owner not in (select id from verifiers where ${ALIVE}))
      order by greatest(idle, since) limit ${most} offset ${skip} for update skip locked`.execute(step);
    const why = (row: NodeRow) => `${silence(row, days)}, and was collected; enrol it anew if it comes back`;
    const emptied = await emptyFirst(step, rows);
    await remove(step, emptied, { which: "collected", who: VERIFIER, why, pastOf });
    return emptied;
  });
}

/** Removes all that nodes have beside their row, of one after the other, until that is much. Gives those that have nothing any more. */
async function emptyFirst(step: Transaction<Tables>, rows: readonly NodeRow[]): Promise<NodeRow[]> {
  const emptied: NodeRow[] = [];
  for (let [removed, next] = [0, rows[0]]; next !== undefined && removed < MOST_ROWS; next = rows[emptied.length]) {
    removed += await empty(step, next.name);
    emptied.push(next);
  }
  return emptied;
}

async function empty(step: Transaction<Tables>, node: string): Promise<number> {
  for (let all = 0; ; ) {
    const { rows } = await sql<{ few: number; large: number }>`
      with few as (
          delete from departures where id in (
            select id from departures where node = ${node} order by label, id limit ${PIECE}) returning 1),
        counted as (
          delete from reports where node = ${node} and (label, slot) in (
            select label, slot from reports where node = ${node} order by label, slot limit ${PIECE}) returning 1),
        others as (
          delete from canisters where node = ${node} and label in (
            select label from canisters where node = ${node} and not exists (
              select from reports where reports.node = canisters.node and reports.label = canisters.label)
            order by label limit ${PIECE}) returning 1),
        large as (
          delete from evidence where node = ${node}
          returning octet_length(evidence) + coalesce(octet_length(last), 0) as bytes)
      select ((select count(*) from few) + (select count(*) from counted) + (select count(*) from others))::integer as few,
        (select coalesce(sum(bytes), 0) / ${EVIDENCE_PART} from large)::integer as large`.execute(step);
    const { few = 0, large = 0 } = rows[0] ?? {};
    all += few + large;
    // A canister goes after its reports, which would go with it uncounted.
    if (few === 0) return all;
  }
}

const silence = ({ state: stands }: NodeRow, days: number) =>
  stands === "stale" ? `it was stale for ${days} days` : `it sent no evidence for ${days} days after it was enrolled`;

/** An act of a person on one node, which this verifier owns. */
export interface Retiring {
  /** As the person saw it. */
  readonly node: Gone;
  readonly verifier: string;
  readonly who: string;
  /** Also one that is neither stale nor unknown. */
  readonly isForced: boolean;
  readonly pastOf: PastOf;
}

/**
 * Takes a node away, and gives it as it was; undefined where it is not there any more. What was permitted for its name before ends.
 * Refuses with `owned-elsewhere` where another verifier has become its owner, and as `assertRetirable` does.
 */
export function retireNode(db: Database, retiring: Retiring): Promise<NodeRow | undefined> {
  const { node, verifier, who, isForced, pastOf } = retiring;
  return db.transaction().execute(async (step) => {
    const row = await step.selectFrom("nodes").selectAll().where("name", "=", node.name).forUpdate().executeTakeFirst();
    if (row?.token !== node.token) return undefined;
    if (row.owner !== verifier)
      throw new VerifierError("owned-elsewhere", `another verifier answers for ${node.name} now; ask again`);
    assertRetirable(row, isForced);
    await withdrawEnrolments(step, row.name);
    const why = () => "an operator retired it; enrol it anew if it comes back";
    await empty(step, row.name);
    await remove(step, [row], { which: "retired", who, why, pastOf });
    return row;
  });
}

/** Refuses with `conflict` a revoked node, and one that is neither stale nor unknown, unless that is forced. */
export function assertRetirable({ name, state: stands }: Pick<NodeRow, "name" | "state">, isForced: boolean): void {
  if (stands === "revoked")
    throw new VerifierError(
      "conflict",
      `expected a node that is not revoked, got ${name}: a revocation is never forgotten; to end it, enrol the node anew with a token made for its name`,
    );
  if (isForced || stands === "stale" || stands === "unknown") return;
  throw new VerifierError(
    "conflict",
    `expected a node that is stale or unknown, got ${name}, which is ${stands}: it would have to be enrolled anew; ` +
      "end its agent first, revoke it if it is not to be trusted, or say --force",
  );
}

async function remove(
  step: Transaction<Tables>,
  rows: readonly NodeRow[],
  { which, who, why, pastOf }: Leaving,
): Promise<void> {
  if (rows.length === 0) return;
  const at = await timeOf(step);
  await keepPasts(step, rows, at, pastOf);
  const names = rows.map(({ name }) => name);
  await step.deleteFrom("nodes").where("name", "in", names).execute();
  const act = which === "collected" ? "collect" : "retire";
  for (const some of inPieces(rows))
    await step
      .insertInto("audit")
      .values(some.map((row) => ({ at, who, tenant: row.tenant, act, object: row.name, detail: detailOf(row) })))
      .execute();
  await writeChanges(
    step,
    rows.map((row) => ({
      ...{ at, node: row.name, label: null, tenant: row.tenant, before: row.state, after: "gone" },
      ...{ failure: null, why: why(row), counters: null },
    })),
  );
  await sql`
    select pg_notify('isoline_gone', message)
    from jsonb_array_elements_text(${JSON.stringify(rows.map(goneMessage))}::jsonb) as told (message)`.execute(step);
  await state(
    step,
    rows.map(({ id: node }) => ({ kind: "withdraw-enrolment", node, which })),
  );
}

/** By the database's clock: what is kept for a while is kept as long by each verifier. */
async function timeOf(step: Database): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`select now() as at`.execute(step);
  return rows[0]?.at ?? new Date();
}

const detailOf = ({ id, state: stands, since }: NodeRow) => `id ${id}, ${stands} since ${since.toISOString()}`;

const goneMessage = ({ name, id, token }: Gone) => `${name} ${id} ${token}`;

/** What `isoline_gone` says; undefined for an empty message. */
export function goneIn(message: string): Gone | undefined {
  const [name = "", id = "", token = ""] = message.split(" ");
  return token === "" ? undefined : { name, id, token };
}

/** So long a receiver that is behind still gets the changes of a node that is gone. */
const KEPT_DAYS = 7;

/**
 * Removes changes of a node that is gone for longer, at most so many. Receivers that were not sent what goes miss it: it is counted for
 * each of them. What another node of that name made since stays.
 */
export async function forgetGone(db: Database, most = 5000): Promise<void> {
  await sql`
    with marked as (
      select node, id from changes where label is null and after = 'gone' and at < now() - make_interval(days => ${KEPT_DAYS})
      order by at limit 1),
    old as (
      select changes.id from changes join marked on changes.node = marked.node and changes.id <= marked.id
      order by changes.id limit ${most}),
    forgotten as (delete from changes where id in (select id from old) returning id)
    update receivers set skipped = skipped + (select count(*) from forgotten where forgotten.id > receivers.sent)
    where sent < (select max(id) from forgotten)`.execute(db);
}
