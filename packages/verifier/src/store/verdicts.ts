/** Verdicts, written when something changed, together with the changes, so that neither is there without the other. */
import { type Insertable, type Selectable, sql, type Transaction, type Updateable } from "kysely";
import { VerifierError } from "../error.ts";
import { type VerdictChange, writeChanges } from "./changes.ts";
import type { Database } from "./connection.ts";
import type { NodeRow } from "./nodes.ts";
import { inPieces } from "./pieces.ts";
import { keepReports, type NodeReports, reportsIn } from "./reports.ts";
import { statementsOf } from "./stated-changes.ts";
import { state, type ToState } from "./statements.ts";
import type { CanisterTable, CounterRow, NodeTable, State, Tables } from "./tables.ts";

export type CanisterRow = Selectable<CanisterTable>;
type NewCanister = Omit<Insertable<CanisterTable>, "since">;

export interface VerdictWrite {
  readonly node: string;
  readonly verifier: string;
  readonly at: Date;
  readonly verdict: Pick<NodeTable, "state" | "failure" | "why">;
  /** Columns of the node that change with it. */
  readonly columns: Omit<Updateable<NodeTable>, "state" | "failure" | "why" | "since">;
  /** All canisters of the node; undefined: those that are there keep all but their verdict, which becomes `others`. */
  readonly canisters: readonly NewCanister[] | undefined;
  /** Why canisters that are there no more ended badly, by label; each is written as a change, also of one that never was there. */
  readonly endings?: ReadonlyMap<string, Pick<NodeTable, "failure" | "why">>;
  /**
   * Labels whose endings were written before, by what stands as accepted of the node. Where the answer of the database was lost, the
   * verifier that writes them does not know that they were.
   */
  readonly endingsIn?: (accepted: string) => ReadonlySet<string>;
  /** Whether it is behind what stands as accepted of the node: then it is refused. */
  readonly isBehind?: (accepted: string) => boolean;
  readonly others?: Pick<NodeTable, "state" | "failure" | "why">;
  /** `last`: what was accepted before it, as `writeAccepted` has it. */
  readonly evidence?:
    | { readonly challenge: Uint8Array; readonly evidence: Uint8Array; readonly last?: string | undefined }
    | undefined;
  /** SHA-256 of the policy that it was judged by, in hexadecimal; undefined where none was. */
  readonly policy?: string | undefined;
  /** Stated before the changes, by what stands as accepted of the node: it was stated before where an answer of the database was lost. */
  readonly stated?: (accepted: string | null) => readonly ToState[];
  /** Done in the same transaction, with the node as it stood before; what it returns is stated with it. */
  readonly also?: (step: Transaction<Tables>, before: NodeRow) => Promise<readonly ToState[]>;
}

/** What is written of one verdict: computed from what stands, before anything is written. */
interface Plan {
  readonly write: VerdictWrite;
  readonly before: NodeRow;
  /** Canisters that are there afterwards. */
  readonly canisters: readonly Insertable<CanisterTable>[];
  /** Labels of canisters that are not. */
  readonly ended: readonly string[];
  readonly changes: readonly VerdictChange[];
  readonly reports: NodeReports;
}

/**
 * Refuses with `owned-elsewhere` where another verifier has become the owner in the meantime, or something newer is written than memory
 * knew, as after an answer of the database that was lost. Refuses with `not-allowed` where the node is revoked: only an enrolment anew,
 * which makes it unknown, ends a revocation.
 */
export async function writeVerdict(db: Database, write: VerdictWrite): Promise<void> {
  const [refusal] = await writeVerdicts(db, [write]);
  if (refusal !== undefined) throw refusal;
}

/**
 * Writes verdicts of different nodes in one transaction. Gives for each the refusal, as `writeVerdict` has it, and undefined where it was
 * written. Where it fails in another way, none was written.
 */
export function writeVerdicts(
  db: Database,
  writes: readonly VerdictWrite[],
): Promise<readonly (VerifierError | undefined)[]> {
  return db.transaction().execute(async (step) => {
    const nodes = await lockedNodes(step, writes);
    const refusals = writes.map((write) => refusalOf(write, nodes.get(write.node)));
    const ours = writes.filter((_, at) => refusals[at] === undefined);
    const standing = await standingCanisters(step, ours);
    const plans = ours.map((write) =>
      planOf(write, nodes.get(write.node) as NodeRow, standing.get(write.node) ?? new Map()),
    );
    for (const plan of plans) await writeNode(step, plan);
    for (const some of inPieces(plans.flatMap(({ canisters }) => canisters))) await upsertCanisters(step, some);
    for (const plan of plans) await writeOtherCanisters(step, plan);
    await keepReports(
      step,
      plans.map(({ reports }) => reports),
    );
    await keepEvidence(step, ours);
    const further = new Map<VerdictWrite, readonly ToState[]>();
    for (const { write, before } of plans) further.set(write, (await write.also?.(step, before)) ?? []);
    await writeChanges(
      step,
      plans.flatMap(({ changes }) => changes),
    );
    await state(
      step,
      plans.flatMap(({ write, before, changes }) => [
        ...(write.stated?.(before.accepted) ?? []),
        ...(further.get(write) ?? []),
        ...statementsOf(before.id, changes, write.policy),
      ]),
    );
    return refusals;
  });
}

/** What was judged, or found silent, may be so by what stood before the revocation. */
function refusalOf(
  { node, verifier, verdict, isBehind }: VerdictWrite,
  row: NodeRow | undefined,
): VerifierError | undefined {
  if (row?.owner !== verifier)
    return new VerifierError("owned-elsewhere", `another verifier answers for ${node} now; send it again`);
  if (row.accepted !== null && isBehind?.(row.accepted) === true)
    return new VerifierError("owned-elsewhere", `${node}: newer evidence of it is written already; send new evidence`);
  const staysOrEnds = verdict.state === "revoked" || verdict.state === "unknown";
  return row.state === "revoked" && !staysOrEnds ? wasRevoked(node) : undefined;
}

/** How whatever a revoked node asks for is refused. */
export const wasRevoked = (node: string): VerifierError =>
  new VerifierError("not-allowed", `${node} was revoked; enrol it anew, with a token made for its name`);

/** In the order of their names, so that two transactions never wait for each other. */
async function lockedNodes(
  step: Transaction<Tables>,
  writes: readonly VerdictWrite[],
): Promise<ReadonlyMap<string, NodeRow>> {
  const names = writes.map(({ node }) => node);
  const rows = await step
    .selectFrom("nodes")
    .selectAll()
    .where("name", "in", names)
    .orderBy("name")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.name, row]));
}

/** Of a canister that stands, what a plan is computed from: the other columns may be many times as long. */
const STANDING = ["label", "state", "failure", "since", "counters"] as const;
type Standing = Pick<CanisterRow, (typeof STANDING)[number]>;

async function standingCanisters(
  step: Transaction<Tables>,
  writes: readonly VerdictWrite[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Standing>>> {
  const found = new Map(writes.map(({ node }) => [node, new Map<string, Standing>()]));
  if (found.size === 0) return found;
  const rows = await step
    .selectFrom("canisters")
    .select(["node", ...STANDING])
    .where("node", "in", [...found.keys()])
    .orderBy("label")
    .execute();
  for (const row of rows) found.get(row.node)?.set(row.label, row);
  return found;
}

function planOf(write: VerdictWrite, before: NodeRow, standing: ReadonlyMap<string, Standing>): Plan {
  const { node, at, verdict, canisters, endings, others } = write;
  const { tenant } = before;
  const changes: VerdictChange[] = [];
  const changed = (label: string | null, was: State, now: Reasons, counters?: CounterRow) =>
    changes.push({
      ...{ at, node, label, tenant, before: was, after: now.state, failure: now.failure, why: now.why },
      counters: counters === undefined ? null : JSON.stringify(counters),
    });

  if (before.state !== verdict.state || before.failure !== verdict.failure) changed(null, before.state, verdict);
  if (canisters === undefined) {
    for (const { label, state: was, counters } of others === undefined ? [] : standing.values())
      if (was !== others?.state) changed(label, was, others as Reasons, counters);
    return { write, before, canisters: [], ended: [], changes, reports: { kept: [], cut: [] } };
  }
  const rows = canisters.map((row) => {
    const was = standing.get(row.label);
    if (was?.state !== row.state || was.failure !== row.failure)
      changed(row.label, was?.state ?? "unknown", row as Reasons, JSON.parse(row.counters) as CounterRow);
    return { processes: null, ...row, since: was?.state === row.state ? was.since : at };
  });
  const present = new Set(canisters.map(({ label }) => label));
  const ended = [...standing.values()].filter(({ label }) => !present.has(label));
  for (const { label, state: was, counters } of ended)
    changed(label, was, { ...ENDED, ...endings?.get(label) }, counters);
  // A run that began and ended between two evidences has no row. What it did is said all the same.
  const unseen = [...(endings ?? [])].filter(([label]) => !present.has(label) && !standing.has(label));
  const said = unseen.length === 0 || before.accepted === null ? undefined : write.endingsIn?.(before.accepted);
  for (const [label, ending] of unseen)
    if (said?.has(label) !== true) changed(label, "unknown", { ...ENDED, ...ending });
  const reports = reportsIn(node, at, canisters, standing);
  return { write, before, canisters: rows, ended: ended.map(({ label }) => label), changes, reports };
}

type Reasons = Pick<NodeTable, "state" | "failure" | "why">;
const ENDED: Reasons = { state: "unknown", failure: null, why: "it ended" };

async function writeNode(step: Transaction<Tables>, { write, before }: Plan): Promise<void> {
  const { node, at, verdict, columns } = write;
  // One that is revoked once more is so from then on: what was begun in between enrols it no longer.
  const since = before.state === verdict.state && verdict.state !== "revoked" ? before.since : at;
  await step
    .updateTable("nodes")
    .set({ ...columns, ...verdict, since, idle: idleSince(before, verdict.state) })
    .where("name", "=", node)
    .execute();
}

/** By the database's clock: that of a verifier may be set, and by this time the node is collected. */
function idleSince(before: NodeRow, after: State) {
  if (after !== "stale" && after !== "unknown") return null;
  return before.state === after && before.idle !== null ? before.idle : sql<Date>`now()`;
}

/** Those that ended, and those of which nothing new is known but their verdict. */
async function writeOtherCanisters(step: Transaction<Tables>, { write, ended }: Plan): Promise<void> {
  const { node, at, canisters, others } = write;
  for (const labels of inPieces(ended))
    await step.deleteFrom("canisters").where("node", "=", node).where("label", "in", labels).execute();
  if (canisters !== undefined || others === undefined) return;
  const { state: after, why } = others;
  await step
    .updateTable("canisters")
    .set({ ...others, since: sql<Date>`case when state = ${after} then since else ${at} end` })
    .where("node", "=", node)
    .where(sql<boolean>`(state <> ${after} or why is distinct from ${why})`)
    .execute();
}

async function keepEvidence(step: Transaction<Tables>, writes: readonly VerdictWrite[]): Promise<void> {
  const rows = writes.flatMap(({ node, at, evidence }) =>
    evidence === undefined ? [] : [{ node, at, ...evidence, last: evidence.last ?? null }],
  );
  if (rows.length === 0) return;
  await step
    .insertInto("evidence")
    .values(rows)
    .onConflict((on) =>
      on.column("node").doUpdateSet((of) => ({
        at: of.ref("excluded.at"),
        challenge: of.ref("excluded.challenge"),
        evidence: of.ref("excluded.evidence"),
        last: of.ref("excluded.last"),
      })),
    )
    .execute();
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

export function canistersOf(db: Database, node: string): Promise<CanisterRow[]> {
  return db.selectFrom("canisters").selectAll().where("node", "=", node).orderBy("label").execute();
}

export function canisterOf(db: Database, node: string, label: string): Promise<CanisterRow | undefined> {
  return db.selectFrom("canisters").selectAll().where("node", "=", node).where("label", "=", label).executeTakeFirst();
}

/** Whether a node has a canister with this label, or with this contour. Nothing of the others is read, however many there are. */
export async function hasCanister(
  db: Database,
  { name, id }: { readonly name: string; readonly id: string },
  column: "label" | "contour",
  value: string,
): Promise<boolean> {
  const found = await db
    .selectFrom("canisters")
    // Another node may have the name by now.
    .innerJoin("nodes", "nodes.name", "canisters.node")
    .select("label")
    .where("nodes.name", "=", name)
    .where("nodes.id", "=", id)
    .where(`canisters.${column}`, "=", value)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
