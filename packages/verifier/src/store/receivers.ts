/** How far changes have been sent to each receiver. */
import { type Selectable, sql } from "kysely";
import type { Database } from "./connection.ts";
import type { ReceiverTable } from "./tables.ts";

export type ReceiverRow = Selectable<ReceiverTable>;

/** A receiver that is new begins with what comes from now on; any other goes on from where it was. */
export async function beginReceiver(db: Database, name: string): Promise<void> {
  await sql`
    insert into receivers (name, sent, tries, next, skipped)
    select ${name}, coalesce(max(id), 0), 0, now(), 0 from changes on conflict do nothing`.execute(db);
}

/** No claim and no wait is longer. */
export const LONGEST_WAIT_SECONDS = 300;

/**
 * Claims a receiver for so many seconds; undefined where another verifier has, or where its next try is later. A try that is further ahead
 * than the longest wait was set by a clock that ran ahead: it is due. That asks for the time of this moment: the statement may have begun
 * before the claim that it sees.
 */
export async function claimReceiver(db: Database, name: string, seconds: number): Promise<ReceiverRow | undefined> {
  const { rows } = await sql<ReceiverRow>`
    update receivers set next = now() + make_interval(secs => ${seconds}) where name = ${name}
      and (next <= now() or next > clock_timestamp() + make_interval(secs => ${LONGEST_WAIT_SECONDS}))
    returning *`.execute(db);
  return rows[0];
}

interface Settled {
  readonly name: string;
  /** How far it has come, and how often it failed since. */
  readonly sent: number;
  readonly tries: number;
  /** How many it was told that it misses; below zero: so many more are missing. Others may have come to them meanwhile. */
  readonly told: number;
}

/** Ends a claim; it can be claimed again after so many seconds. */
export async function settleReceiver(
  db: Database,
  { name, sent, tries, told }: Settled,
  seconds: number,
): Promise<void> {
  await sql`
    update receivers
    set sent = ${sent}, tries = ${tries}, skipped = greatest(0, skipped - ${told}), next = now() + make_interval(secs => ${seconds})
    where name = ${name}`.execute(db);
}
