/** The intervals that verifiers of this database have told nodes, while nodes may still go by them. */
import { sql } from "kysely";
import type { Database } from "./connection.ts";

/** Intervals that differ by less than this factor share a row: each lasts for itself, and there are some hundred of them at most. */
const APART = 1.1;

/** Whether what is noted counts, where it counts for so many seconds at most. What is further ahead is from before a clock was set back. */
const counts = (most: number) =>
  sql<boolean>`(intervals.until > now() and intervals.until <= now() + make_interval(secs => ${most}))`;

/** Notes that nodes are told to send evidence each so many seconds, and may go by it for `lasts` seconds, of `most` that there are. */
export async function noteInterval(db: Database, seconds: number, lasts: number, most: number): Promise<void> {
  const row = Math.ceil(Math.log(Math.max(1, seconds)) / Math.log(APART));
  await sql`
    insert into intervals (id, seconds, until) values (${row}, ${seconds}, now() + make_interval(secs => ${lasts}))
    on conflict (id) do update set
      seconds = case when ${counts(most)} then greatest(intervals.seconds, excluded.seconds) else excluded.seconds end,
      until = case when ${counts(most)} then greatest(intervals.until, excluded.until) else excluded.until end`.execute(
    db,
  );
}

/** The longest of them, in seconds; 0 where all nodes go by what is configured. */
export async function notedInterval(db: Database, most: number): Promise<number> {
  const { rows } = await sql<{ seconds: number | null }>`
    select max(seconds) as seconds from intervals where ${counts(most)}`.execute(db);
  return rows[0]?.seconds ?? 0;
}
