/** The longest interval that a verifier of this database has told a node, while nodes may still go by it. */
import { sql } from "kysely";
import type { Database } from "./connection.ts";

/** Whether what is noted counts, where it counts for so many seconds at most. What is further ahead is from before a clock was set back. */
const counts = (most: number) =>
  sql<boolean>`(intervals.until > now() and intervals.until <= now() + make_interval(secs => ${most}))`;

/** Notes that nodes were told to send evidence each so many seconds, and may go by it for `lasts` seconds, of `most` that there are. */
export async function noteInterval(db: Database, seconds: number, lasts: number, most: number): Promise<void> {
  await sql`
    insert into intervals (id, seconds, until) values (1, ${seconds}, now() + make_interval(secs => ${lasts}))
    on conflict (id) do update set
      seconds = case when ${counts(most)} then greatest(intervals.seconds, excluded.seconds) else excluded.seconds end,
      until = case when ${counts(most)} then greatest(intervals.until, excluded.until) else excluded.until end`.execute(
    db,
  );
}

/** Seconds; 0 where all nodes go by what is configured. */
export async function notedInterval(db: Database, most: number): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`select seconds from intervals where ${counts(most)}`.execute(db);
  return rows[0]?.seconds ?? 0;
}
