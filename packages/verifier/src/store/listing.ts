/** Nodes and canisters as people ask for them: by tenant, state and labels, page by page. */
import { sql } from "kysely";
import type { Database } from "./connection.ts";
import type { NodeRow } from "./nodes.ts";
import type { State } from "./tables.ts";
import type { CanisterRow } from "./verdicts.ts";

export interface NodeFilter {
  /** Undefined: all tenants. */
  readonly tenant: string | undefined;
  readonly state?: State | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface CanisterFilter {
  readonly tenant: string | undefined;
  readonly state?: State | undefined;
  readonly node?: string | undefined;
  readonly image?: string | undefined;
  readonly label?: string | undefined;
}

export type Counts = Partial<Record<State, number>>;

/** In the order of their names, behind a name. */
export function nodesBehind(db: Database, filter: NodeFilter, behind: string, most: number): Promise<NodeRow[]> {
  return nodesWhere(db, filter).selectAll().where("name", ">", behind).orderBy("name").limit(most).execute();
}

/** How many nodes are in each state; the state of the filter is left out. */
export async function nodeCounts(db: Database, { tenant, labels }: NodeFilter): Promise<Counts> {
  const rows = await nodesWhere(db, { tenant, labels })
    .select(["state", sql<number>`count(*)`.as("number")])
    .groupBy("state")
    .execute();
  return Object.fromEntries(rows.map(({ state, number }) => [state, number]));
}

function nodesWhere(db: Database, { tenant, state, labels = {} }: NodeFilter) {
  return db
    .selectFrom("nodes")
    .$if(tenant !== undefined, (query) => query.where("tenant", "=", tenant as string))
    .$if(state !== undefined, (query) => query.where("state", "=", state as State))
    .$if(Object.keys(labels).length > 0, (query) =>
      query.where(sql<boolean>`labels @> ${JSON.stringify(labels)}::jsonb`),
    );
}

/** In the order of node and label, behind a place. */
export function canistersBehind(
  db: Database,
  filter: CanisterFilter,
  [node, label]: readonly [string, string],
  most: number,
): Promise<CanisterRow[]> {
  return canistersWhere(db, filter)
    .selectAll()
    .where(sql<boolean>`(node, label) > (${node}, ${label})`)
    .orderBy("node")
    .orderBy("label")
    .limit(most)
    .execute();
}

export async function canisterCounts(db: Database, filter: CanisterFilter): Promise<Counts> {
  const rows = await canistersWhere(db, { ...filter, state: undefined })
    .select(["state", sql<number>`count(*)`.as("number")])
    .groupBy("state")
    .execute();
  return Object.fromEntries(rows.map(({ state, number }) => [state, number]));
}

/** The counts of several nodes. */
export async function countsByNode(db: Database, nodes: readonly string[]): Promise<ReadonlyMap<string, Counts>> {
  const counts = new Map<string, Counts>();
  if (nodes.length === 0) return counts;
  const rows = await db
    .selectFrom("canisters")
    .select(["node", "state", sql<number>`count(*)`.as("number")])
    .where("node", "in", [...nodes])
    .groupBy(["node", "state"])
    .execute();
  for (const { node, state, number } of rows) counts.set(node, { ...counts.get(node), [state]: number });
  return counts;
}

function canistersWhere(db: Database, { tenant, state, node, image, label }: CanisterFilter) {
  return db
    .selectFrom("canisters")
    .$if(tenant !== undefined, (query) => query.where("tenant", "=", tenant as string))
    .$if(state !== undefined, (query) => query.where("state", "=", state as State))
    .$if(node !== undefined, (query) => query.where("node", "=", node as string))
    .$if(image !== undefined, (query) => query.where("image", "=", image as string))
    .$if(label !== undefined, (query) => query.where("label", "=", label as string));
}
