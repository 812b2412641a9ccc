/**
 * What a verifier's role may do with each table, where another role owns them: what the queries of this folder need, and no more. What
 * people did and which policies there were, such a role adds to and cannot change.
 */
import { sql } from "kysely";
import { VerifierError } from "../error.ts";
import type { Database } from "./connection.ts";
import type { Tables } from "./tables.ts";

type Right = "select" | "insert" | "update" | "delete";

const rights: Readonly<Record<keyof Tables | "kysely_migration" | "kysely_migration_lock", readonly Right[]>> = {
  nodes: ["select", "insert", "update", "delete"],
  canisters: ["select", "insert", "update", "delete"],
  changes: ["select", "insert", "delete"],
  evidence: ["select", "insert", "update", "delete"],
  departures: ["select", "insert", "delete"],
  enrolment_tokens: ["select", "insert", "update", "delete"],
  enrolments: ["select", "insert", "delete"],
  policies: ["select", "insert"],
  reference_files: ["select", "insert", "update"],
  contours: ["select", "insert", "update", "delete"],
  withdrawn_contours: ["select", "insert", "delete"],
  audit: ["select", "insert"],
  verifiers: ["select", "insert", "update", "delete"],
  receivers: ["select", "insert", "update"],
  log: ["select", "insert", "update"],
  root_hours: ["select", "insert", "delete"],
  statements: ["select", "insert", "delete"],
  revocations: ["select", "update"],
  intervals: ["select", "insert", "update"],
  retired_keys: ["select", "insert", "update", "delete"],
  retired_names: ["select", "insert", "update", "delete"],
  kysely_migration: ["select"],
  kysely_migration_lock: ["select"],
};

/** SQLSTATE of a role that does not exist, and of one that may not do what was asked. */
const UNDEFINED_ROLE = "42704";
export const NOT_PERMITTED = "42501";

/** Lets a role use the tables as a verifier does, and takes from it what else it was given of them. */
export async function grantUse(db: Database, role: string): Promise<void> {
  await db.transaction().execute(async (step) => {
    const { rows } = await sql<{ own: string }>`select current_user as own`.execute(step);
    if (rows[0]?.own === role)
      throw new VerifierError(
        "bad-configuration",
        `expected a role that owns none of the tables, got ${JSON.stringify(role)}, which this database was opened as; make another one`,
      );
    await sql`revoke all on all tables in schema public from ${sql.id(role)}`.execute(step).catch(refusedFor(role));
    await sql`grant usage on schema public to ${sql.id(role)}`.execute(step);
    for (const [table, may] of Object.entries(rights))
      await sql`grant ${sql.raw(may.join(", "))} on ${sql.id(table)} to ${sql.id(role)}`.execute(step);
  });
}

const refusedFor =
  (role: string) =>
  (fault: unknown): never => {
    if ((fault as { code?: unknown }).code !== UNDEFINED_ROLE) throw fault;
    throw new VerifierError(
      "bad-configuration",
      `expected a role of the database, got ${JSON.stringify(role)}, which there is none of; make it with createuser`,
    );
  };
