/**
 * A time within which PostgreSQL answers, kept by this side. The server keeps one of its own (`statement_timeout`), of which nothing comes
 * where its host is gone, or another one has its address: nothing is ever sent on such a connection any more, and it does not end.
 */
import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";

/** `storeGone` knows its code. The statement may have been done: only the answer is missing. */
class Unanswered extends Error {
  readonly code = "ETIMEDOUT";

  constructor(ms: number) {
    super(`the database sent no answer within ${ms / 1000} seconds`);
  }
}

/**
 * The answer to something that was asked on a connection. Where none comes in time, the connection is destroyed, since what comes on it
 * later would count as the answer to the next question. All that waits on it is refused then.
 */
export async function answered<T>(client: pg.Client, answer: Promise<T>, ms: number): Promise<T> {
  let afterReading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    // An answer may be here, unread, since this process was paused or had much to do.
    afterReading = setImmediate(() => client.connection.stream.destroy(new Unanswered(ms)));
  }, ms);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    clearImmediate(afterReading);
  }
}

/** A pool whose statements are each answered within so many milliseconds. */
export function answering(pool: pg.Pool, ms: number): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect();
      const query = (text: string, parameters: readonly unknown[]) =>
        answered(client, client.query(text, [...parameters]), ms);
      return {
        // The other form of it takes a cursor, which nothing here does.
        query: query as unknown as PostgresPoolClient["query"],
        release: (destroyed) => client.release(destroyed),
      };
    },
    end: () => pool.end(),
  };
}
