/** What a database says of itself and of the nodes. */

/**
 * @typedef {import("../../packages/verifier/dist/store/connection.js").Database} Db
 * @typedef {{ readonly name: string, readonly state: string, readonly owner: string | null }} NodeState
 */

/** Tables whose rows say that verifiers are alive, and nothing of a node. */
const ALIVE = new Set(["verifiers"]);
/** PostgreSQL 15 and later shows what a connection did at the latest after so long. */
export const SHOWN_MS = 11_000;

/** Rows that were written, and transactions that were ended, since a database began. @param {Db} db @param {string} name */
export async function written(db, name) {
  const from = (/** @type {string} */ view) => db.selectFrom(/** @type {any} */ (view)).selectAll();
  const tables = /** @type {Record<string, any>[]} */ (await from("pg_stat_user_tables").execute());
  const databases = /** @type {Record<string, any>[]} */ (await from("pg_stat_database").execute());
  const rows = tables
    .filter(({ relname }) => !ALIVE.has(relname))
    .reduce((sum, { n_tup_ins: put, n_tup_upd: changed, n_tup_del: gone }) => sum + put + changed + gone, 0);
  const { xact_commit: ended = 0 } = databases.find(({ datname }) => datname === name) ?? {};
  return { rows, transactions: Number(ended) };
}

/** @param {Db} db @returns {Promise<NodeState[]>} */
export const nodeStates = (db) => db.selectFrom("nodes").select(["name", "state", "owner"]).orderBy("name").execute();

/** Nodes that another than this verifier owns, or none. @param {Db} db @param {string} verifier */
export async function ownedByOthers(db, verifier) {
  const { n } = await db
    .selectFrom("nodes")
    .select((of) => of.fn.countAll().as("n"))
    .where((of) => of.or([of("owner", "is", null), of("owner", "!=", verifier)]))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Changes of nodes' verdicts, by node. @param {Db} db @returns {Promise<ReadonlyMap<string, number>>} */
export async function changesOf(db) {
  const rows = await db
    .selectFrom("changes")
    .select("node")
    .select((of) => of.fn.countAll().as("n"))
    .where("label", "is", null)
    .groupBy("node")
    .execute();
  return new Map(rows.map(({ node, n }) => [node, Number(n)]));
}

/** The verifiers whose leases run. @param {Db} db */
export async function verifierIds(db) {
  const rows = await db.selectFrom("verifiers").select(["id", "started"]).orderBy("started").execute();
  return rows.map(({ id }) => id);
}

/**
 * What was acknowledged and is not there: a verdict that is another, or a change that is missing. The first verdict of a node is a change
 * as well.
 *
 * @param {Db} db @param {readonly import("./generators.mjs").Acknowledged[]} acknowledged
 */
export async function lost(db, acknowledged) {
  const states = new Map((await nodeStates(db)).map(({ name, state }) => [name, state]));
  const changes = await changesOf(db);
  return acknowledged.filter(({ name, complete, changes: told }) => {
    if (complete === undefined) return false;
    const expected = complete ? "affirming" : "unverifiable";
    return states.get(name) !== expected || (changes.get(name) ?? 0) < told + 1;
  });
}
