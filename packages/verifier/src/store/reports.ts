/**
 * What canisters counted, over time. A report is kept where evidence has other counts of what is bad than the evidence that was written
 * last: such evidence is news in any case, so a steady attestation keeps none. The number of events is none of these counts.
 */
import { type Insertable, type Selectable, sql } from "kysely";
import type { Database } from "./connection.ts";
import { inPieces } from "./pieces.ts";
import type { CounterRow, ReportTable } from "./tables.ts";

export type ReportRow = Pick<Selectable<ReportTable>, "at" | "counters">;

/** Of a canister, no more reports are kept: the oldest go first. */
const MOST_REPORTS = 200;
/** Of a node, whose canisters share them evenly. */
const MOST_OF_NODE = 10_000;
/** Of the reports of a canister within one such time the last is kept. */
const SLOT_MS = 10_000;

interface Counted {
  readonly label: string;
  /** As JSON. */
  readonly counters: string;
}

/** What is written of the reports of one node. */
export interface NodeReports {
  readonly kept: readonly Insertable<ReportTable>[];
  /** Canisters that may have too many afterwards, and how many each may have. */
  readonly cut: readonly { readonly node: string; readonly label: string; readonly most: number }[];
}

/** `canisters` are all of the node, `standing` those that were there before, by label. */
export function reportsIn(
  node: string,
  at: Date,
  canisters: readonly Counted[],
  standing: ReadonlyMap<string, { readonly counters: CounterRow }>,
): NodeReports {
  const slot = Math.floor(at.getTime() / SLOT_MS);
  const other = canisters.filter(({ label, counters }) => {
    const before = standing.get(label)?.counters;
    return before === undefined || hasChanged(before, JSON.parse(counters) as CounterRow);
  });
  const most = mostOf(canisters.length);
  // Where there are more canisters than before, each may have fewer.
  const tooMany = most < mostOf(standing.size) ? canisters : other;
  return {
    kept: other.map(({ label, counters }) => ({ node, label, slot, at, counters })),
    cut: tooMany.map(({ label }) => ({ node, label, most })),
  };
}

const hasChanged = (before: CounterRow, now: CounterRow) =>
  (["departures", "refused", "lost", "untrusted"] as const).some((counter) => before[counter] !== now[counter]);

const mostOf = (canisters: number) =>
  Math.max(1, Math.min(MOST_REPORTS, Math.floor(MOST_OF_NODE / Math.max(1, canisters))));

/** Keeps reports, and removes the oldest where there are too many. Their canisters are written before. */
export async function keepReports(step: Database, nodes: readonly NodeReports[]): Promise<void> {
  for (const some of inPieces(nodes.flatMap(({ kept }) => kept)))
    await step
      .insertInto("reports")
      .values([...some])
      .onConflict((on) =>
        on
          .columns(["node", "label", "slot"])
          .doUpdateSet((of) => ({ at: of.ref("excluded.at"), counters: of.ref("excluded.counters") })),
      )
      .execute();
  const cut = nodes.flatMap((one) => one.cut);
  if (cut.length === 0) return;
  // By number, not by time: that of a verifier whose clock was ahead would stay for ever.
  await sql`
    delete from reports where (node, label, slot) in (
      select older.* from jsonb_to_recordset(${JSON.stringify(cut)}::jsonb) as cut (node text, label text, most int)
      cross join lateral (
        select node, label, slot from reports where reports.node = cut.node and reports.label = cut.label
        order by id desc offset cut.most) as older)`.execute(step);
}

/** Of one canister since it is there, the newest first. */
export function reportsOf(db: Database, node: string, label: string): Promise<ReportRow[]> {
  return db
    .selectFrom("reports")
    .select(["at", "counters"])
    .where("node", "=", node)
    .where("label", "=", label)
    .orderBy("at", "desc")
    .limit(MOST_REPORTS)
    .execute();
}
