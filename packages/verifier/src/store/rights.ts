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
  reports: ["select", "insert", "update", "delete"],
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
  retired_policies: ["select", "insert", "update", "delete"],
  retired_names: ["select", "insert", "update", "delete"],
  kysely_migration: ["select"],
  kysely_migration_lock: ["select"],
};

/** SQLSTATE of a role that does not exist, and of one that may not do what was asked. */
const UNDEFINED_ROLE = "42704";
export const NOT_PERMITTED = "42501";

/**
 * Lets a role use the tables as a verifier does, and takes from it what else it was given of them. Refuses a role that could change them
 * all the same: nothing is granted then.
 */
export async function grantUse(db: Database, role: string): Promise<void> {
  await db.transaction().execute(async (step) => {
    await sql`revoke all on all tables in schema public from ${sql.id(role)}`.execute(step).catch(refusedFor(role));
    await sql`revoke all on all sequences in schema public from ${sql.id(role)}`.execute(step);
    await sql`grant usage on schema public to ${sql.id(role)}`.execute(step);
    for (const [table, may] of Object.entries(rights))
      await sql`grant ${sql.raw(may.join(", "))} on ${sql.id(table)} to ${sql.id(role)}`.execute(step);
    const could = (await powersOf(step, role)) ?? (await moreThanGranted(step, role));
    if (could !== undefined)
      throw new VerifierError(
        "bad-configuration",
        `expected a role that may only use the tables, got ${JSON.stringify(role)}, which ${could}; or make another one with createuser`,
      );
  });
}

/** Those that write to each table, whichever role owns it, or to the files of the server. */
const POWERFUL = ["pg_write_all_data", "pg_write_server_files", "pg_execute_server_program"];

/** What a role could do to all tables, and what to do about it; undefined: nothing. A member may become the role that it is a member of. */
async function powersOf(step: Database, role: string): Promise<string | undefined> {
  const { rows } = await sql<{
    super: boolean;
    database: boolean;
    tables: boolean;
    create: boolean;
    as: string | null;
  }>`
    select role.rolsuper or role.rolcreaterole as super,
      (select pg_has_role(role.oid, datdba, 'member') from pg_database where datname = current_database()) as database,
      exists (select 1 from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S')
        and pg_has_role(role.oid, relowner, 'member')) as tables,
      exists (select 1 from pg_roles as other where pg_has_role(role.oid, other.oid, 'member')
        and has_schema_privilege(other.oid, 'public', 'create')) as create,
      (select min(other.rolname) from pg_roles as other where pg_has_role(role.oid, other.oid, 'member')
        and (other.rolsuper or other.rolcreaterole or other.rolname in (${sql.join(POWERFUL)}))) as "as"
    from pg_roles as role where role.rolname = ${role}`.execute(step);
  const powers = rows[0];
  if (powers?.super) return "is a superuser, or makes roles: take that from it";
  if (powers?.tables) return "owns tables, or is a member of their owner: give them to another role";
  if (powers?.database) return "owns the database, or is a member of its owner: give it to another role";
  if (typeof powers?.as === "string")
    return `is a member of ${powers.as}, which may do more: revoke ${powers.as} from it`;
  return powers?.create ? "may make tables: revoke create on schema public from public, or from it" : undefined;
}

/**
 * A right to one of the tables, or to a number that it counts by, which a verifier does not need: by public, or by a role that this one is
 * a member of. Undefined: there is none. Every right counts that the server knows, now or in a later version.
 */
async function moreThanGranted(step: Database, role: string): Promise<string | undefined> {
  const all = Object.entries(rights).flatMap(([table, may]) => may.map((right) => ({ table, right })));
  const { rows } = await sql<{ right: string; relation: string }>`
    with needed as (
        select "table", "right" from jsonb_to_recordset(${JSON.stringify(all)}::jsonb) as told ("table" text, "right" text)),
      relations as (
        select oid, relname, relowner, relkind from pg_class
        where relnamespace = 'public'::regnamespace and (relkind = 'S' or relname in (select "table" from needed))),
      roles as (
        select oid from pg_roles where pg_has_role(${role}::name, oid, 'member')),
      held as (
        select relname, lower(privilege_type) as "right"
        from relations, aclexplode(acldefault('r', relowner)), roles
        where relkind <> 'S' and has_table_privilege(roles.oid, relations.oid, privilege_type)
        union select relname, "right" from relations, roles, unnest(array['select', 'insert', 'update', 'references']) as "right"
        where relkind <> 'S' and has_any_column_privilege(roles.oid, relations.oid, "right")
        union select relname, "right" from relations, roles, unnest(array['usage', 'update']) as "right"
        where relkind = 'S' and has_sequence_privilege(roles.oid, relations.oid, "right"))
    select "right", relname as relation from held
    where not exists (select 1 from needed where needed."table" = relname and needed."right" = held."right")
    order by relname, "right" limit 1`.execute(step);
  const [more] = rows;
  if (more === undefined) return undefined;
  const { right, relation } = more;
  return `may ${right} ${relation}, by public or a role that it is a member of: revoke ${right} on ${relation} from that`;
}

/** Refuses a role that lacks a right: the tables are of the present form, and were not granted since. */
export async function assertUsable(db: Database): Promise<void> {
  const all = Object.entries(rights).flatMap(([table, may]) => may.map((right) => ({ table, right })));
  const { rows } = await sql<{ table: string; right: string }>`
    select "table", "right" from jsonb_to_recordset(${JSON.stringify(all)}::jsonb) as told ("table" text, "right" text)
    where not has_table_privilege("table", "right") limit 1`.execute(db);
  const [lacks] = rows;
  if (lacks !== undefined)
    throw new VerifierError(
      "bad-configuration",
      `expected a role that may ${lacks.right} ${lacks.table}, got one that may not; ${GRANT}`,
    );
}

/** What to do about it. */
export const GRANT = "call isoline verifier --grant ROLE with the configuration of the role that owns the tables";

const refusedFor =
  (role: string) =>
  (fault: unknown): never => {
    if ((fault as { code?: unknown }).code !== UNDEFINED_ROLE) throw fault;
    throw new VerifierError(
      "bad-configuration",
      `expected a role of the database, got ${JSON.stringify(role)}, which there is none of; make it with createuser`,
    );
  };
