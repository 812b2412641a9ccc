/**
 * The steps that make and change the tables, in the order of their names. They are imported, not read from files. A step that was
 * released is never edited: the next one changes what it made.
 */
import { type Kysely, type Migration, type MigrationProvider, sql } from "kysely";

const first = `
create table nodes (
  name text primary key, id text not null unique, tenant text not null, labels jsonb not null, document text not null,
  token text not null, enrolled timestamptz not null, seen timestamptz, root text not null,
  state text not null, failure text, why text, since timestamptz not null, links jsonb not null,
  sensors jsonb, kernel text, build text, accepted text, owner text);
create index nodes_by_tenant on nodes (tenant, state, name);
create index nodes_by_owner on nodes (owner);
create table canisters (
  node text not null references nodes (name) on delete cascade, label text not null, tenant text not null,
  image text, contour text, mode text not null, sensor text not null, root text not null,
  state text not null, failure text, why text, since timestamptz not null, links jsonb not null,
  started timestamptz not null, points bigint not null, measurement text not null, counters jsonb not null,
  primary key (node, label));
create index canisters_by_tenant on canisters (tenant, state);
create index canisters_by_image on canisters (image);
create table changes (
  id bigint generated always as identity primary key, at timestamptz not null, node text not null, label text,
  tenant text not null, before text not null, after text not null, failure text, why text, counters jsonb);
create index changes_by_subject on changes (node, label, id);
create table evidence (
  node text primary key references nodes (name) on delete cascade, at timestamptz not null, challenge bytea not null,
  evidence bytea not null);
create table departures (
  id bigint generated always as identity primary key, node text not null references nodes (name) on delete cascade,
  label text not null, at timestamptz not null, line text not null, why text, nearest text, program text,
  refused boolean not null, times bigint not null);
create index departures_by_canister on departures (node, label, id);
create table enrolment_tokens (
  token text primary key, tenant text not null, labels jsonb not null, name text, expires timestamptz not null,
  used timestamptz);
create table enrolments (
  id text primary key, name text not null, tenant text not null, labels jsonb not null, document text not null,
  secret bytea not null, begun timestamptz not null);
create table policies (
  name text not null, version bigint not null, digest text not null, file bytea not null, since timestamptz not null,
  who text not null, primary key (name, version));
create table reference_files (
  name text primary key, digest text not null, file bytea not null, since timestamptz not null, who text not null);
create table contours (digest text primary key, file bytea not null, reviewed boolean not null, since timestamptz not null);
create table audit (
  id bigint generated always as identity primary key, at timestamptz not null, who text not null, tenant text,
  act text not null, object text not null, detail text not null);
create table verifiers (id text primary key, host text not null, started timestamptz not null, until timestamptz not null);
create table receivers (
  name text primary key, sent bigint not null, tries integer not null, next timestamptz not null, skipped bigint not null);
`;

const statements = `
create table log (
  id smallint primary key check (id = 1), source text not null, label_key bytea not null, origin text not null,
  last bigint not null, appended bigint not null, size bigint not null, hour bigint not null, writer text);
create table statements (number bigint primary key, entry bytea not null);
`;

const revocations = `
create table revocations (id smallint primary key check (id = 1), epoch bigint not null, raised timestamptz not null);
insert into revocations (id, epoch, raised) values (1, 0, now());
`;

const processes = `
alter table canisters add column processes jsonb;
alter table departures add column point text;
create index departures_by_point on departures (node, label, point);
`;

const machines = `
alter table nodes add column machine text;
alter table enrolments add column replaces text;
create index nodes_by_machine on nodes (machine) where machine is not null;
`;

const contours = `
create index canisters_by_contour on canisters (contour);
`;

const imprints = `
alter table nodes add column imprint text;
`;

const bounds = `
create index changes_by_tenant on changes (tenant, id);
`;

const silences = `
alter table nodes add column silent timestamptz;
`;

const withdrawn = `
create table withdrawn_contours (digest text primary key, since timestamptz not null);
`;

const rootHours = `
create table root_hours (hour bigint primary key);
insert into root_hours (hour) select hour from log where hour > 0;
`;

const leases = `
alter table verifiers add column seconds double precision not null default 6;
`;

const tokens = `
create index enrolment_tokens_unused on enrolment_tokens (tenant) where used is null;
`;

const intervals = `
create table intervals (id int primary key, seconds double precision not null, until timestamptz not null);
`;

/**
 * A node that is stale by then has the whole time left until it is collected. The later of the two times counts: a verifier of before this
 * step, beside newer ones, writes only the other.
 */
const retired = `
create index changes_gone on changes (at) where label is null and after = 'gone';
create table retired_keys (id text primary key, accepted text not null, at timestamptz not null);
create table retired_policies (
  id text not null, tenant text not null, policy text not null, at timestamptz not null, primary key (id, tenant));
create table retired_names (
  name text not null, tenant text not null, policy text not null, at timestamptz not null, primary key (name, tenant));
alter table nodes add column idle timestamptz default now();
create index nodes_by_idle on nodes ((greatest(idle, since))) where state in ('stale', 'unknown');
`;

/**
 * What is known of the canisters that are there: what they had counted when the last evidence was written, or, where that was refused or
 * did not come, when nothing newer was known of them.
 */
const reports = `
create table reports (
  id bigint generated always as identity, node text not null, label text not null, slot bigint not null,
  at timestamptz not null, counters jsonb not null, primary key (node, label, slot),
  foreign key (node, label) references canisters (node, label) on delete cascade);
create index reports_by_canister on reports (node, label, id);
insert into reports (node, label, slot, at, counters)
  select node, label, floor(extract(epoch from known) / 10), known, counters from (
    select canisters.node, canisters.label, canisters.counters,
      case when nodes.state = 'affirming' then coalesce(evidence.at, canisters.since) else canisters.since end as known
    from canisters join nodes on nodes.name = canisters.node left join evidence on evidence.node = canisters.node) as standing;
`;

/** Evidence of before this step has none: it is written once more with the next evidence of its node. */
const before = `
alter table evidence add column last text;
`;

const steps: Readonly<Record<string, Migration>> = {
  "0001-first": { up: (db) => run(db, first) },
  "0002-statements": { up: (db) => run(db, statements) },
  "0003-revocations": { up: (db) => run(db, revocations) },
  "0004-processes": { up: (db) => run(db, processes) },
  "0005-machines": { up: (db) => run(db, machines) },
  "0006-contours": { up: (db) => run(db, contours) },
  "0007-imprints": { up: (db) => run(db, imprints) },
  "0008-bounds": { up: (db) => run(db, bounds) },
  "0009-silences": { up: (db) => run(db, silences) },
  "0010-withdrawn": { up: (db) => run(db, withdrawn) },
  "0011-root-hours": { up: (db) => run(db, rootHours) },
  "0012-leases": { up: (db) => run(db, leases) },
  "0013-tokens": { up: (db) => run(db, tokens) },
  "0014-intervals": { up: (db) => run(db, intervals) },
  "0015-retired": { up: (db) => run(db, retired) },
  "0016-reports": { up: (db) => run(db, reports) },
  "0017-before": { up: (db) => run(db, before) },
};

export const migrations: MigrationProvider = { getMigrations: () => Promise.resolve({ ...steps }) };

/** One statement at a time: an embedded database takes no more. */
async function run(db: Kysely<unknown>, statements: string): Promise<void> {
  // A large table takes longer than any other question may.
  await sql`set local statement_timeout = 0`.execute(db);
  for (const statement of statements.split(";")) if (statement.trim() !== "") await sql.raw(statement).execute(db);
}
