/** Verdicts, written when something changed, together with the changes, so that neither is there without the other. */
import { type Insertable, type Selectable, sql, type Transaction, type Updateable } from "kysely";
import { VerifierError } from "../error.ts";
import type { Database } from "./connection.ts";
import { state, type ToState } from "./statements.ts";
import type { CanisterTable, ChangeTable, CounterRow, NodeTable, State, Tables } from "./tables.ts";

export type CanisterRow = Selectable<CanisterTable>;
type NewCanister = Omit<Insertable<CanisterTable>, "since">;
type NewChange = Insertable<ChangeTable>;

export interface VerdictWrite {
  readonly node: string;
  readonly verifier: string;
  readonly at: Date;
  readonly verdict: Pick<NodeTable, "state" | "failure" | "why">;
  /** Columns of the node that change with it. */
  readonly columns: Omit<Updateable<NodeTable>, "state" | "failure" | "why" | "since">;
  /** All canisters of the node; undefined: those that are there keep all but their verdict, which becomes `others`. */
  readonly canisters: readonly NewCanister[] | undefined;
  readonly others?: Pick<NodeTable, "state" | "failure" | "why">;
  readonly evidence?: { readonly challenge: Uint8Array; readonly evidence: Uint8Array } | undefined;
  /** SHA-256 of the policy that it was judged by, in hexadecimal; undefined where none was. */
  readonly policy?: string | undefined;
  /** Stated before the changes. */
  readonly stated?: readonly ToState[];
  /** Done in the same transaction; what it returns is stated with it. */
  readonly also?: (step: Transaction<Tables>) => Promise<readonly ToState[]>;
}

/** Changes are numbered in the order in which they are committed, so that a reader that goes by numbers passes over none. */
const CHANGES_LOCK = 0x69736f6c;

/** Refuses with `owned-elsewhere` where another verifier has become the owner in the meantime. */
export function writeVerdict(db: Database, write: VerdictWrite): Promise<void> {
  return db.transaction().execute(async (step) => {
    const { node, verifier, at, verdict } = write;
    const before = await step.selectFrom("nodes").selectAll().where("name", "=", node).forUpdate().executeTakeFirst();
    if (before?.owner !== verifier)
      throw new VerifierError("owned-elsewhere", `another verifier answers for ${node} now; send it again`);
    const changes: NewChange[] = [];
    if (before.state !== verdict.state || before.failure !== verdict.failure)
      changes.push({
        at,
        node,
        label: null,
        tenant: before.tenant,
        before: before.state,
        after: verdict.state,
        ...reasons(verdict),
        counters: null,
      });
    const since = before.state === verdict.state ? before.since : at;
    await step
      .updateTable("nodes")
      .set({ ...write.columns, ...verdict, since })
      .where("name", "=", node)
      .execute();
    changes.push(...(await writeCanisters(step, write, before.tenant)));
    if (write.evidence !== undefined)
      await step
        .insertInto("evidence")
        .values({ node, at, ...write.evidence })
        .onConflict((on) => on.column("node").doUpdateSet({ at, ...write.evidence }))
        .execute();
    const further = (await write.also?.(step)) ?? [];
    await writeChanges(step, changes);
    const said = changes.map((change) => statementOf(before.id, change, write.policy));
    await state(step, [...(write.stated ?? []), ...further, ...said]);
  });
}

const reasons = ({ failure, why }: Pick<NodeTable, "failure" | "why">) => ({ failure, why });

async function writeCanisters(
  step: Transaction<Tables>,
  { node, at, canisters, others }: VerdictWrite,
  tenant: string,
): Promise<NewChange[]> {
  const there = new Map((await canistersOf(step, node)).map((row) => [row.label, row]));
  const changes: NewChange[] = [];
  const changed = (
    label: string,
    before: State,
    after: Pick<NodeTable, "state" | "failure" | "why">,
    counters: CounterRow | undefined,
  ) =>
    changes.push({
      at,
      node,
      label,
      tenant,
      before,
      after: after.state,
      ...reasons(after),
      counters: counters === undefined ? null : JSON.stringify(counters),
    });

  const rows: Insertable<CanisterTable>[] = [];
  for (const row of canisters ?? []) {
    const before = there.get(row.label);
    there.delete(row.label);
    if (before?.state !== row.state || before.failure !== row.failure)
      changed(
        row.label,
        before?.state ?? "unknown",
        row as Pick<NodeTable, "state" | "failure" | "why">,
        JSON.parse(row.counters) as CounterRow,
      );
    rows.push({ ...row, since: before?.state === row.state ? before.since : at });
  }
  for (const some of inPieces(rows)) await upsertCanisters(step, some);
  const left = [...there.values()];
  if (canisters !== undefined) {
    for (const some of inPieces(left)) {
      const labels = some.map(({ label }) => label);
      await step.deleteFrom("canisters").where("node", "=", node).where("label", "in", labels).execute();
    }
    for (const { label, state: before, counters } of left)
      changed(label, before, { state: "unknown", failure: null, why: "it ended" }, counters);
  } else if (others !== undefined) {
    const { state: after, why } = others;
    await step
      .updateTable("canisters")
      .set({ ...others, since: sql<Date>`case when state = ${after} then since else ${at} end` })
      .where("node", "=", node)
      .where(sql<boolean>`(state <> ${after} or why is distinct from ${why})`)
      .execute();
    for (const { label, state: before, counters } of left)
      if (before !== after) changed(label, before, others, counters);
  }
  return changes;
}

/** One statement for many rows: a node may have thousands, and the lease is renewed over the same connection where there is but one. */
async function upsertCanisters(step: Transaction<Tables>, rows: readonly Insertable<CanisterTable>[]): Promise<void> {
  const { node: _node, label: _label, ...columns } = rows[0] as Insertable<CanisterTable>;
  await step
    .insertInto("canisters")
    .values([...rows])
    .onConflict((on) =>
      on
        .columns(["node", "label"])
        .doUpdateSet((of) =>
          Object.fromEntries(
            Object.keys(columns).map((key) => [key, of.ref(`excluded.${key as keyof typeof columns}`)]),
          ),
        ),
    )
    .execute();
}

/** A statement has at most 65,535 values. */
const ROWS_AT_ONCE = 500;

function inPieces<T>(rows: readonly T[]): readonly (readonly T[])[] {
  const pieces = Math.ceil(rows.length / ROWS_AT_ONCE);
  return Array.from({ length: pieces }, (_, at) => rows.slice(at * ROWS_AT_ONCE, (at + 1) * ROWS_AT_ONCE));
}

async function writeChanges(step: Transaction<Tables>, changes: readonly NewChange[]): Promise<void> {
  if (changes.length === 0) return;
  await sql`select pg_advisory_xact_lock(${CHANGES_LOCK})`.execute(step);
  for (const some of inPieces(changes))
    await step
      .insertInto("changes")
      .values([...some])
      .execute();
  await sql`select pg_notify('isoline_change', 'new')`.execute(step);
}

function statementOf(node: string, change: NewChange, policy: string | undefined): ToState {
  const { label, before: from, after: to, failure } = change;
  type Class = Extract<ToState, { readonly kind: "change" }>["class"];
  return {
    kind: "change",
    node,
    labelled: label ?? undefined,
    from,
    to,
    class: (failure ?? undefined) as Class,
    policy,
  };
}

export function canistersOf(db: Database, node: string): Promise<CanisterRow[]> {
  return db.selectFrom("canisters").selectAll().where("node", "=", node).orderBy("label").execute();
}
