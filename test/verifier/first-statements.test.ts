/**
 * Statements while several verifiers write. At the first start with a log, each act of the others is among the first statements, or stated
 * after them; and the order of what is withdrawn and put at once is that of the statements.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readStatement } from "../../packages/log/src/statement/index.ts";
import { Administration } from "../../packages/verifier/src/fleet/administration.ts";
import { Epochs } from "../../packages/verifier/src/fleet/epochs.ts";
import { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { stateWhatIsInForce } from "../../packages/verifier/src/transparency/begin.ts";
import { contour, digest } from "../forgery/published.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";
import { samplePolicy } from "./rig.ts";

const trusted = { policySigners: [], contourSigners: [] } as unknown as Trusted;
const policy = Buffer.from(JSON.stringify(samplePolicy()));
const references = Buffer.from(JSON.stringify({ references: 1 }));
const digestOf = (file: Buffer) => createHash("sha256").update(file).digest("hex");

/** The verifier's own. */
const { sql } = createRequire(new URL("../../packages/verifier/package.json", import.meta.url))("kysely") as {
  readonly sql: (text: TemplateStringsArray) => {
    execute(on: stores.Database): Promise<{ readonly rows: readonly unknown[] }>;
  };
};

describe.skipIf(needsPostgres)("the first statements of a database (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  let beginner: stores.Connection;
  let other: stores.Connection;
  /** A verifier's role deletes no policies. */
  let owner: stores.Connection;

  beforeAll(async () => {
    await server.start();
    await prepare(server, "fleet");
    [beginner, other, owner] = [
      await stores.openStore(server.address("fleet")),
      await stores.openStore(server.address("fleet")),
      await stores.openStore(server.ownerAddress("fleet")),
    ];
  });
  afterAll(async () => {
    for (const store of [beginner, other, owner]) await store.close();
    await server.close();
  });
  beforeEach(async () => {
    for (const table of ["statements", "log", "policies", "reference_files"] as const)
      await owner.db.deleteFrom(table).execute();
  });

  /** A transaction that has done its work, and is held open until it is told to commit. */
  const heldOpen = async (store: stores.Connection, work: (step: stores.Database) => Promise<unknown>) => {
    let commit = () => {};
    const isToCommit = new Promise<void>((resolve) => (commit = resolve));
    let hasWorked = () => {};
    const worked = new Promise<void>((resolve) => (hasWorked = resolve));
    const done = store.db.transaction().execute(async (step) => {
      await work(step);
      hasWorked();
      await isToCommit;
    });
    await Promise.race([worked, done]);
    return () => {
      commit();
      return done;
    };
  };
  const isAnyWaiting = async () => {
    const { rows } = await sql`select 1 from pg_locks where not granted`.execute(beginner.urgent);
    return rows.length > 0;
  };
  /** What another transaction does while one is held open: that is committed once the other waits for it, or is done. */
  const meanwhile = async (work: Promise<unknown>, commit: () => Promise<void>) => {
    let isDone = false;
    const done = work.finally(() => (isDone = true));
    await expect.poll(async () => isDone || (await isAnyWaiting())).toBe(true);
    await Promise.all([commit(), done]);
  };
  const begin = async (step: stores.Database) => {
    await stores.beginLog(step, "example.com/fleet", 0);
    await stateWhatIsInForce(step, new Rules(beginner.db, trusted));
  };
  const putPolicy = async (step: stores.Database) => {
    const row = { name: "default", version: 1, digest: digestOf(policy), file: policy, since: new Date(), who: "ann" };
    await stores.writePolicy(step, row);
    const signer: string[] = [];
    await stores.state(step, [{ kind: "publish-policy", name: "default", version: 1, digest: row.digest, signer }]);
  };
  /** As an administrator puts reference values: whether there is a log is asked first. */
  const putReferences = async (step: stores.Database) => {
    const isLogged = await stores.lockLog(step);
    const row = { name: "all", digest: digestOf(references), file: references, since: new Date(), who: "ann" };
    await stores.writeReference(step, row);
    if (isLogged)
      await stores.state(step, [{ kind: "publish-reference", name: "all", digest: row.digest, signer: [] }]);
  };
  const stated = async () => {
    const rows = await stores.statementsBehind(beginner.db, 0, 100);
    return rows.map(({ number, entry }) => [number, readStatement(entry)?.kind]);
  };

  it.each([
    ["a policy", putPolicy, "publish-policy"],
    ["reference values", putReferences, "publish-reference"],
  ] as const)("have %s, put before them and not committed yet", async (_, put, kind) => {
    const commit = await heldOpen(other, put);
    await meanwhile(beginner.db.transaction().execute(begin), commit);
    expect(await stated()).toEqual([[1, kind]]);
  });

  it.each([
    ["a policy", putPolicy, "publish-policy"],
    ["reference values", putReferences, "publish-reference"],
  ] as const)("are followed by %s, put while they are begun", async (_, put, kind) => {
    const commit = await heldOpen(beginner, begin);
    await meanwhile(other.db.transaction().execute(put), commit);
    expect(await stated()).toEqual([[1, kind]]);
  });

  it("say that a contour was put after it was withdrawn, where both happen at once, and it counts", async () => {
    const lease = new Lease(beginner.urgent, { lost: () => undefined, renewed: () => Promise.resolve() });
    const rules = new Rules(beginner.db, trusted);
    const ownership = new Ownership(beginner.db, lease, () => undefined);
    const epochs = new Epochs(beginner.db, lease, () => Promise.reject(new Error("signs nothing")));
    const administration = new Administration(beginner.db, ownership, rules, epochs);
    const put = () => administration.putContour(digest, contour, { who: "ann", tenant: null });
    await stores.beginLog(beginner.db, "example.com/fleet", 0);
    expect(await put()).toBe(true);
    const commit = await heldOpen(other, async (step) => {
      await stores.lockLog(step);
      await stores.withdrawContours(step, [digest]);
      await stores.state(step, [{ kind: "withdraw-contour", name: "web", digest }]);
    });
    await meanwhile(put(), commit);
    expect(await stated()).toEqual([
      [1, "publish-contour"],
      [2, "withdraw-contour"],
      [3, "publish-contour"],
    ]);
    expect(await stores.contoursNamed(beginner.db, [digest])).toEqual([{ digest, reviewed: true, withdrawn: false }]);
  });
});
