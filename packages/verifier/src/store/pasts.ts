/**
 * What outlives nodes that are gone. What was accepted of a key counts wherever the key comes again. What a node is judged by is chosen by
 * people of all tenants alone, for the node that they saw: it goes with the key, and a name goes to no other key without them.
 */
import { type RawBuilder, sql } from "kysely";
import { VerifierError } from "../error.ts";
import type { Database } from "./connection.ts";
import type { NodeRow } from "./nodes.ts";

/** What outlives a node, by its row: the part of what was accepted of it that its key is held to. Undefined: nothing. */
export type PastOf = (row: NodeRow) => string | undefined;

/** A node that is enrolled, with the labels of its token. */
type Coming = Pick<NodeRow, "id" | "name" | "tenant" | "labels">;

export async function keepPasts(step: Database, rows: readonly NodeRow[], at: Date, pastOf: PastOf): Promise<void> {
  const keys = rows.flatMap((row) => {
    const accepted = pastOf(row);
    return accepted === undefined ? [] : [{ id: row.id, accepted, at }];
  });
  const chosen = rows.flatMap(({ id, name, tenant, labels }) => {
    const policy = labels["policy"];
    return policy === undefined ? [] : [{ id, name, tenant, policy, at }];
  });
  if (keys.length > 0)
    await step
      .insertInto("retired_keys")
      .values(keys)
      .onConflict((on) => on.column("id").doUpdateSet({ accepted: excluded("accepted"), at }))
      .execute();
  if (chosen.length === 0) return;
  await step
    .insertInto("retired_policies")
    .values(chosen.map(({ id, tenant, policy }) => ({ id, tenant, policy, at })))
    .onConflict((on) => on.columns(["id", "tenant"]).doUpdateSet({ policy: excluded("policy"), at }))
    .execute();
  await step
    .insertInto("retired_names")
    .values(chosen.map(({ name, tenant, policy }) => ({ name, tenant, policy, at })))
    .onConflict((on) => on.columns(["name", "tenant"]).doUpdateSet({ policy: excluded("policy"), at }))
    .execute();
}

const excluded = (column: string): RawBuilder<string> => sql<string>`${sql.ref(`excluded.${column}`)}`;

/**
 * Refuses with `conflict` a name under which a node was judged by a policy of its own, where another key comes. By a token without the
 * label `policy`, which any operator makes, that machine would be judged as a person of all tenants permitted it for another one.
 */
export async function assertNameIsFree(db: Database, { id, name, tenant, labels }: Coming): Promise<void> {
  if (labels["policy"] !== undefined) return;
  const named = await db
    .selectFrom("retired_names")
    .select("policy")
    .where("name", "=", name)
    .where("tenant", "=", tenant)
    .executeTakeFirst();
  if (named === undefined) return;
  const own = await db
    .selectFrom("retired_policies")
    .select("policy")
    .where("id", "=", id)
    .where("tenant", "=", tenant)
    .executeTakeFirst();
  // The machine that had the name; or one that is judged by the same policy whatever its name.
  if (own?.policy === named.policy) return;
  throw new VerifierError(
    "conflict",
    `expected the key of the node ${name} that is gone, which its label policy had judged by a policy of its own, got another key; choose ` +
      "another name, or have an administrator of all tenants make the token with the label policy",
  );
}

/**
 * Takes what a node is held to that is enrolled for the first time, as it says. It is kept with the node from then on. Refuses as
 * `assertNameIsFree` does. To be called once the node has its row: that waits for the one that takes a node of its name or key away.
 */
export async function takePast(
  step: Database,
  node: Coming,
): Promise<{ readonly accepted: string | undefined; readonly policy: string | undefined }> {
  await assertNameIsFree(step, node);
  const { id, name, tenant } = node;
  const key = await step.deleteFrom("retired_keys").where("id", "=", id).returning("accepted").executeTakeFirst();
  // Another tenant has policies of its own, and takes away none of this one.
  const own = await step
    .deleteFrom("retired_policies")
    .where("id", "=", id)
    .where("tenant", "=", tenant)
    .returning("policy")
    .executeTakeFirst();
  await step.deleteFrom("retired_names").where("name", "=", name).where("tenant", "=", tenant).execute();
  return { accepted: key?.accepted, policy: own?.policy };
}
