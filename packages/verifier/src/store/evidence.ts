/** The last evidence of each node that changed something. */
import type { Selectable } from "kysely";
import type { Database } from "./connection.ts";
import type { NodeRow } from "./nodes.ts";
import type { EvidenceTable } from "./tables.ts";

export type EvidenceRow = Selectable<EvidenceTable>;

/** With its node, in the order of names, behind a name; of nodes that are not revoked. */
export function evidenceBehind(
  db: Database,
  tenant: string | undefined,
  behind: string,
  most: number,
): Promise<(NodeRow & EvidenceRow)[]> {
  return db
    .selectFrom("evidence")
    .innerJoin("nodes", "nodes.name", "evidence.node")
    .selectAll("nodes")
    .select(["evidence.node", "evidence.at", "evidence.challenge", "evidence.evidence", "evidence.last"])
    .where("nodes.state", "!=", "revoked")
    .where("nodes.name", ">", behind)
    .$if(tenant !== undefined, (query) => query.where("nodes.tenant", "=", tenant as string))
    .orderBy("nodes.name")
    .limit(most)
    .execute();
}
