/** A new database with its tables, which verifiers use and do not own. */
import { prepareStore } from "../../packages/verifier/src/store/index.ts";
import type { PostgresServer } from "./postgres.ts";

export async function prepare(server: PostgresServer, database: string): Promise<void> {
  server.create(database);
  await prepareStore(server.ownerAddress(database), server.usedByVerifiers(database));
}
