/** The store of a verifier: PostgreSQL, or an embedded PostgreSQL in one directory. One set of tables and queries for both. */
import { Migrator } from "kysely";
import { VerifierError } from "../error.ts";
import type { Connection } from "./connection.ts";
import { openEmbedded } from "./embedded.ts";
import { migrations } from "./migrations.ts";
import { openPostgres } from "./postgres.ts";
import { assertUsable, GRANT, grantUse, NOT_PERMITTED } from "./rights.ts";

const EMBEDDED = "pglite:";

/**
 * Opens `postgres://…`, or `pglite:DIRECTORY`, and brings its tables to the present form. Refuses with `store-in-use` a directory that
 * another process has opened, and with `store-unreachable` a server that does not answer. A role that may not change the tables opens
 * those that have the present form.
 */
export async function openStore(address: string): Promise<Connection> {
  const store = await opened(address);
  const { error } = await new Migrator({ db: store.unhurried, provider: migrations }).migrateToLatest();
  if (error === undefined) {
    // The directory is locked by this process, so a lease in it is of a verifier that died: its nodes are free at once.
    if (store.isAlone) await store.db.deleteFrom("verifiers").execute();
    else await assertUsable(store.db).catch((fault: unknown) => closedFor(store, fault));
    return store;
  }
  await store.close();
  throw storeGone(error) ?? unmigrated(error);
}

async function closedFor(store: Connection, fault: unknown): Promise<never> {
  await store.close();
  throw storeGone(fault) ?? fault;
}

function unmigrated(cause: unknown): VerifierError {
  const said = cause instanceof Error ? cause.message : "unknown";
  const next = (cause as { code?: unknown }).code === NOT_PERMITTED ? `; ${GRANT}` : "";
  return new VerifierError(
    "bad-configuration",
    `the tables of the database cannot be brought to their form: ${said}${next}`,
    { cause },
  );
}

/** Brings the tables of a PostgreSQL server to the present form, and lets a role use them as a verifier does. */
export async function prepareStore(address: string, role: string): Promise<void> {
  if (address.startsWith(EMBEDDED))
    throw new VerifierError(
      "bad-configuration",
      "expected a database postgres://…, got an embedded store, which has no roles; start the verifier without --grant",
    );
  const store = await openStore(address);
  try {
    await grantUse(store.db, role);
  } finally {
    await store.close();
  }
}

async function opened(address: string): Promise<Connection> {
  if (address.startsWith(EMBEDDED)) return openEmbedded(address.slice(EMBEDDED.length));
  if (/^postgres(?:ql)?:\/\//.test(address)) return openPostgres(address);
  throw new VerifierError(
    "bad-configuration",
    `expected a database postgres://… or pglite:DIRECTORY, got ${JSON.stringify(address.slice(0, 12))}…`,
  );
}

/** Classes of SQLSTATE that say the server is gone, ends, starts, or has no room: 08, 53, 57. */
const GONE_STATES = /^(?:08|53|57P)/;
const GONE_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOENT", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"]);
const GONE_WORDS = /Connection terminated|timeout exceeded when trying to connect|not queryable|Client was closed/;

/**
 * A statement that took too long, most often because it waited for others; a lock that was not given in time; a transaction that was silent
 * for too long; two that waited for each other, or that no order fits. It is undone, and the same again may succeed.
 */
const PASSING_STATES = new Set(["57014", "55P03", "25P03", "40P01", "40001"]);

/** Whether the database undid what was asked, though it is there: see above. Worth a line in the log, as nothing else says so. */
export function isPassing(fault: unknown): boolean {
  return fault instanceof Error && PASSING_STATES.has((fault as { code?: unknown }).code as string);
}

/** The refusal `store-unreachable`, if this error means that the caller is to ask again; undefined for any other error. */
export function storeGone(fault: unknown): VerifierError | undefined {
  if (!(fault instanceof Error)) return undefined;
  const { code } = fault as { code?: unknown };
  const said = typeof code === "string" ? code : "";
  if (GONE_CODES.has(said) || GONE_STATES.test(said) || GONE_WORDS.test(fault.message))
    return unreachable("the database does not answer", fault);
  return isPassing(fault) ? unreachable("the database has too much to do", fault) : undefined;
}

const unreachable = (why: string, cause: Error): VerifierError =>
  new VerifierError("store-unreachable", `${why}; try again in a few seconds`, { cause });
