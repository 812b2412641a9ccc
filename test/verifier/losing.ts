/** A database whose transactions are committed, and whose answers are lost on the way. */
import type { Database } from "../../packages/verifier/src/store/index.ts";

export function losingAnswers(db: Database, lost: Error): Database {
  const execute = async (work: Parameters<ReturnType<Database["transaction"]>["execute"]>[0]) => {
    await db.transaction().execute(work);
    throw lost;
  };
  return new Proxy(db, {
    get: (whole, key) => (key === "transaction" ? () => ({ execute }) : (Reflect.get(whole, key) as unknown)),
  });
}
