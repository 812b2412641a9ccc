/** Policies, reference values and contours: what a verifier judges by. */
import { type Selectable, sql } from "kysely";
import { VerifierError } from "../error.ts";
import type { Database } from "./connection.ts";
import type { ContourTable, PolicyTable, ReferenceTable } from "./tables.ts";

export type PolicyRow = Selectable<PolicyTable>;
export type ReferenceRow = Selectable<ReferenceTable>;
export type ContourRow = Selectable<ContourTable>;

/** A contour without its bytes. */
export interface NamedContour {
  readonly digest: string;
  /** Whether a person put it there. */
  readonly reviewed: boolean;
  /** Whether it counts no longer, though a trusted key may have signed it. */
  readonly withdrawn: boolean;
}

/** The newest version of each policy. */
export async function currentPolicies(db: Database): Promise<readonly PolicyRow[]> {
  const { rows } = await sql<PolicyRow>`select distinct on (name) * from policies order by name, version desc`.execute(
    db,
  );
  return rows;
}

/** The same without the files. */
export async function policiesInForce(db: Database): Promise<readonly Omit<PolicyRow, "file">[]> {
  const { rows } = await sql<Omit<PolicyRow, "file">>`
    select distinct on (name) name, version, digest, since, who from policies order by name, version desc`.execute(db);
  return rows;
}

export async function policyFile(db: Database, name: string): Promise<Uint8Array | undefined> {
  const newest = db.selectFrom("policies").select("file").where("name", "=", name).orderBy("version", "desc");
  return (await newest.limit(1).executeTakeFirst())?.file;
}

/** Whether it was not there. Refuses with `conflict` a version that is not newer than what is. The same file once more changes nothing. */
export async function writePolicy(db: Database, row: PolicyRow): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtext('isoline policy ' || ${row.name}))`.execute(db);
  const last = await db
    .selectFrom("policies")
    .selectAll()
    .where("name", "=", row.name)
    .orderBy("version", "desc")
    .executeTakeFirst();
  if (last?.digest === row.digest) return false;
  if (last !== undefined && row.version <= last.version)
    throw new VerifierError(
      "conflict",
      `expected a version of policy ${row.name} above ${last.version}, got ${row.version}; raise its version`,
    );
  await db.insertInto("policies").values(row).execute();
  await rulesChanged(db);
  return true;
}

export function references(db: Database): Promise<ReferenceRow[]> {
  return db.selectFrom("reference_files").selectAll().orderBy("name").execute();
}

/** The same without the files. */
export function referencesInForce(db: Database): Promise<Omit<ReferenceRow, "file">[]> {
  return db.selectFrom("reference_files").select(["name", "digest", "since", "who"]).orderBy("name").execute();
}

export async function referenceFile(db: Database, name: string): Promise<Uint8Array | undefined> {
  return (await db.selectFrom("reference_files").select("file").where("name", "=", name).executeTakeFirst())?.file;
}

export async function writeReference(db: Database, row: ReferenceRow): Promise<void> {
  const { name: _name, ...columns } = row;
  await db
    .insertInto("reference_files")
    .values(row)
    .onConflict((on) => on.column("name").doUpdateSet(columns))
    .execute();
  await rulesChanged(db);
}

export async function contoursBy(db: Database, digests: readonly string[]): Promise<readonly ContourRow[]> {
  if (digests.length === 0) return [];
  return await db
    .selectFrom("contours")
    .selectAll()
    .where("digest", "in", [...digests])
    .execute();
}

/** Which of these contours are there. */
export async function contoursNamed(db: Database, digests: readonly string[]): Promise<readonly NamedContour[]> {
  if (digests.length === 0) return [];
  return await db
    .selectFrom("contours")
    .leftJoin("withdrawn_contours", "withdrawn_contours.digest", "contours.digest")
    .select(["contours.digest", "contours.reviewed"])
    .select(sql<boolean>`withdrawn_contours.digest is not null`.as("withdrawn"))
    .where("contours.digest", "in", [...digests])
    .execute();
}

/** Contours that a person put. */
export function reviewedContours(db: Database): Promise<readonly ContourRow[]> {
  return db.selectFrom("contours").selectAll().where("reviewed", "=", true).orderBy("digest").execute();
}

/** Which of these a person put. */
export async function reviewedAmong(db: Database, digests: readonly string[]): Promise<readonly string[]> {
  if (digests.length === 0) return [];
  const { rows } = await sql<{ digest: string }>`
    select digest from contours where reviewed and digest = any(${[...digests]}::text[]) order by digest`.execute(db);
  return rows.map(({ digest }) => digest);
}

/** Whether it was not there. One that a person puts there is reviewed from then on, and withdrawn no longer. */
export async function writeContour(db: Database, row: ContourRow): Promise<boolean> {
  const [there] = await contoursBy(db, [row.digest]);
  await db
    .insertInto("contours")
    .values(row)
    .onConflict((on) =>
      on.column("digest").doUpdateSet({ reviewed: sql<boolean>`contours.reviewed or ${row.reviewed}` }),
    )
    .execute();
  if (row.reviewed) await reinstateContours(db, [row.digest]);
  if (there === undefined || there.reviewed !== row.reviewed) await rulesChanged(db, CONTOUR_CAME);
  return there === undefined;
}

/** No other transaction decides which contours count before this one ends. Taken after the lock of the log. */
export async function lockContours(step: Database): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('isoline contours that count'))`.execute(step);
}

/**
 * Contours that count no longer, though trusted keys may have signed them: each is as if only a node had sent it, and is marked. The mark
 * is there before a node sends it, and after it was forgotten.
 */
export async function withdrawContours(db: Database, digests: readonly string[]): Promise<void> {
  if (digests.length === 0) return;
  const all = [...new Set(digests)];
  await sql`update contours set reviewed = false where digest = any(${all}::text[])`.execute(db);
  await sql`
    insert into withdrawn_contours (digest, since) select told, now() from unnest(${all}::text[]) as told
    on conflict do nothing`.execute(db);
  await rulesChanged(db);
}

/** Which of these are withdrawn, whether they are there or not. */
export async function withdrawnAmong(db: Database, digests: readonly string[]): Promise<readonly string[]> {
  if (digests.length === 0) return [];
  const rows = await db
    .selectFrom("withdrawn_contours")
    .select("digest")
    .where("digest", "in", [...digests])
    .execute();
  return rows.map(({ digest }) => digest);
}

/** Contours that a person put anew, or that reference values name: they are withdrawn no longer. */
export async function reinstateContours(db: Database, digests: readonly string[]): Promise<void> {
  if (digests.length === 0) return;
  await sql`delete from withdrawn_contours where digest = any(${[...digests]}::text[])`.execute(db);
}

/**
 * What the canisters of a tenant name and only a node sent: digest, and bytes. No other contour is kept for that tenant before this
 * transaction ends.
 */
export async function sentContours(
  step: Database,
  tenant: string,
): Promise<readonly { readonly digest: string; readonly bytes: number }[]> {
  await sql`select pg_advisory_xact_lock(hashtext('isoline contours ' || ${tenant}))`.execute(step);
  const { rows } = await sql<{ digest: string; bytes: number }>`
    select digest, octet_length(file) as bytes from contours
    where not reviewed and digest in (select contour from canisters where tenant = ${tenant})`.execute(step);
  return rows;
}

/** Removes what only nodes sent and no canister names any more, but for these. */
export async function forgetContours(db: Database, but: readonly string[]): Promise<void> {
  await sql`
    delete from contours where not reviewed and digest <> all (${[...but]}::text[])
    and not exists (select 1 from canisters where canisters.contour = contours.digest)`.execute(db);
}

/** Differs whenever a rule was written. A contour is none: `contoursNamed` tells of each. */
export async function rulesStamp(db: Database): Promise<string> {
  const { rows } = await sql<{ stamp: string }>`
    select concat_ws(' ',
      (select count(*) || ' ' || max(since) from policies),
      (select string_agg(name || ' ' || digest, ' ' order by name) from reference_files),
      (select count(*) || ' ' || max(since) from withdrawn_contours)) as stamp`.execute(db);
  return rows[0]?.stamp ?? "";
}

/** What listeners are told where a contour came and no other rule has changed. */
export const CONTOUR_CAME = "contour";

async function rulesChanged(db: Database, what = "new"): Promise<void> {
  await sql`select pg_notify('isoline_rules', ${what})`.execute(db);
}
