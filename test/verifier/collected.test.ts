/** What verifiers hold of nodes that leave: memory drops them, a key that comes again is held to its past, and none keeps others. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readAccepted, writeAccepted } from "../../packages/attest/src/appraise/index.ts";
import { writeAnswer } from "../../packages/attest/src/enrol/index.ts";
import type { Evidence } from "../../packages/attest/src/evidence/index.ts";
import { Enrolment } from "../../packages/verifier/src/fleet/enrolment.ts";
import { KeptLogs } from "../../packages/verifier/src/fleet/kept-logs.ts";
import type { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import type { OwnedNode } from "../../packages/verifier/src/fleet/owned-node.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import { Pace } from "../../packages/verifier/src/fleet/pace.ts";
import { ReplayedLedgers } from "../../packages/verifier/src/fleet/replayed-ledgers.ts";
import { Retirement, type RetirementParts } from "../../packages/verifier/src/fleet/retirement.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import { Watch } from "../../packages/verifier/src/fleet/watch.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { losingAnswers } from "./losing.ts";
import { statementIn } from "./set-clock.ts";
import { SoftwareNode } from "./software-node.ts";

const secret = Buffer.alloc(32, 9);
const trusted = { policySigners: [], contourSigners: [] } as unknown as Trusted;
const stale = { state: "stale", failure: "unreachable", why: "silent" } as const;
const DAY_MS = 86_400_000;
const canister = {
  ...{ label: "web", run: "1", measurement: "06", points: 7 },
  counters: { events: 1, departures: 1, refused: 0, lost: 0, untrusted: 0 },
};
const ledger = { bytes: 100, digest: "07".repeat(32) };
/** What was accepted of a node by a TPM whose clock showed this. */
const accepted = (clock: bigint) => ({
  clock: { clock, resetCount: 3, restartCount: 0 },
  policy: { name: "default", version: 1 },
  ...{ ledger, canisters: [canister] },
});

describe("nodes that leave a verifier", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-collected-"));
  const nodes = Array.from({ length: 100 }, (_, at) => new SoftwareNode(`node-${at}`));
  const [node, other] = nodes as [SoftwareNode, SoftwareNode];
  const lease = { id: "v1", isHeld: true } as Lease;
  const failures: unknown[] = [];
  const left: string[] = [];
  let store: stores.Connection;
  let ownership: Ownership;
  let watch: Watch;
  let logs: KeptLogs;
  const over = (more: Partial<RetirementParts> = {}) =>
    new Retirement({
      ...{ db: store.db, lease, ownership, watch, logs, ledgers: new ReplayedLedgers(60), days: 30, patience: () => 0 },
      failed: (fault) => failures.push(fault),
      left: (which, count) => left.push(`${which} ${count}`),
      ...more,
    });
  const row = async ({ name }: SoftwareNode) => stores.findNode(store.db, name);
  const names = async () => (await store.db.selectFrom("nodes").select("name").execute()).map(({ name }) => name);
  const silent = (columns: object = {}) =>
    store.db
      .updateTable("nodes")
      .set({ ...stale, idle: new Date(Date.now() - 31 * DAY_MS), since: new Date(0), ...columns })
      .execute();

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    await stores.beginLease(store.db, lease.id, "host", 600);
  });
  afterAll(async () => {
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });
  beforeEach(async () => {
    for (const table of ["nodes", "changes", "retired_keys", "retired_policies", "retired_names"] as const)
      await store.db.deleteFrom(table).execute();
    failures.length = 0;
    left.length = 0;
    logs = new KeptLogs(60);
    ownership = new Ownership(store.db, lease, (taken) => watch.watch(taken));
    watch = new Watch(
      new stores.VerdictQueue(store.db, () => 1),
      lease,
      ownership,
      new Pace({ due: 20, dueAtMost: 20, stale: 60 }),
    );
    await stores.insertNode(store.db, node.row("acme", { policy: "strict" }));
  });

  it("are in no memory any more, and what another node of that name has there stays", async () => {
    await silent();
    const log = { imaList: new Uint8Array(200).fill(1) } as unknown as Evidence;
    for (const each of [node, other]) logs.keep({ id: each.id, tenant: "acme" }, log);
    await ownership.take(node.name);
    expect([ownership.size, watch.size, logs.size]).toEqual([1, 1, 400]);
    await over().collect();
    expect([ownership.size, watch.size, logs.size, await names()]).toEqual([0, 0, 200, []]);
    expect(left).toEqual(["collected 1"]);
    const next = { ...node.row(), token: "f".repeat(64) };
    await stores.insertNode(store.db, next);
    await ownership.take(node.name);
    over().heard(`${node.name} ${node.id} ${node.row().token}`);
    over().heard("");
    expect([ownership.size, watch.size]).toEqual([1, 1]);
    over().heard(`${node.name} ${node.id} ${next.token}`);
    expect([ownership.size, watch.size]).toEqual([0, 0]);
  });

  it("are never collected where that is not wanted, nor before each that lives had time to be heard", async () => {
    await silent();
    await over({ days: undefined }).collect();
    await over({ patience: () => 60 }).collect();
    await over({ lease: { id: "v1", isHeld: false } as Lease }).collect();
    expect(await names()).toEqual([node.name]);
    const waiting = over();
    waiting.waitForNodes();
    await waiting.collect();
    expect(await names()).toEqual([]);
  });

  it("are collected by the hundred, and one that cannot be keeps no other", async () => {
    for (const each of nodes.slice(1)) await stores.insertNode(store.db, each.row());
    await silent();
    await store.db
      .updateTable("nodes")
      .set({ accepted: "damaged", idle: new Date(0) })
      .where("name", "=", "node-50")
      .execute();
    const collecting = over();
    await expect
      .poll(async () => {
        await collecting.collect();
        return names();
      })
      .toEqual(["node-50"]);
    expect(failures.length).toBeGreaterThan(1);
    expect(await stores.nodeCounts(store.db, { tenant: undefined })).toEqual({ stale: 1 });
  });

  it("are collected, however long it takes until many at once fail", async () => {
    for (const each of nodes.slice(1)) await stores.insertNode(store.db, each.row());
    await silent();
    for (const statement of [
      `create function too_long() returns trigger language plpgsql as $$ begin
        if (select count(*) from went) > 8 then raise 'it takes too long' using errcode = '57014'; end if;
        return null; end $$`,
      `create trigger too_long after delete on nodes referencing old table as went
        for each statement execute function too_long()`,
    ])
      await statementIn(store.db, statement);
    const [now, clock] = [performance.now.bind(performance), { ahead: 0 }];
    const set = vi.spyOn(performance, "now").mockImplementation(() => now() + clock.ahead);
    const failed = (fault: unknown) => {
      failures.push(fault);
      clock.ahead += 30_000;
    };
    const collecting = over({ failed });
    for (let looks = 0; looks < 20 && (await names()).length > 0; looks++) await collecting.collect();
    set.mockRestore();
    await statementIn(store.db, "drop function too_long cascade");
    expect(await names()).toEqual([]);
    expect(failures[0]).toMatchObject({ code: "57014" });
  });

  it("leave nothing half where the database fails in the middle", async () => {
    await silent();
    const broken = () => {
      throw new Error("it ends here");
    };
    const collect = { verifier: "v1", days: 30, most: 9, skip: 0, pastOf: broken };
    await expect(stores.collectNodes(store.db, collect)).rejects.toThrow("it ends here");
    await store.db.schema.alterTable("audit").renameTo("audits").execute();
    await expect(stores.collectNodes(store.db, { ...collect, pastOf: () => undefined })).rejects.toThrow(/audit/);
    await store.db.schema.alterTable("audits").renameTo("audit").execute();
    expect([await names(), await stores.changesAfter(store.db, 0, 9)]).toEqual([[node.name], []]);
  });

  /** A node enrols by a token with these labels, under a name of a node that is gone. */
  const enrolledAgain = async (
    labels: object = { rack: "7" },
    { id, name }: Pick<stores.Gone, "id" | "name"> = node,
  ) => {
    const enrolment = new Enrolment(store.db, new Rules(store.db, trusted), ownership);
    const { document } = id === node.id ? node.row() : other.row();
    const begun = {
      ...{ id: "again", name, tenant: "acme", labels: labels as Readonly<Record<string, string>> },
      ...{ document, secret, replaces: null, begun: new Date() },
    };
    await stores.writeEnrolment(store.db, begun);
    return enrolment.answer("again", writeAnswer({ node: id, secret }));
  };

  it("come again by the same key to the clock and the ledger that counted, and by the same name to its policy", async () => {
    await silent({ accepted: writeAccepted(accepted(7n)) });
    // Memory knows more than the store.
    const owned = (await ownership.take(node.name)) as OwnedNode;
    [owned.accepted, owned.isAhead] = [accepted(8n), true];
    await over().collect();
    expect(await names()).toEqual([]);
    const { token } = await enrolledAgain();
    expect(token).toMatch(/^isn~node-0~/);
    const { accepted: kept, ...again } = (await row(node)) as stores.NodeRow;
    expect(again).toMatchObject({ state: "unknown", labels: { policy: "strict", rack: "7" } });
    expect(again.token).not.toBe(node.row().token);
    expect(readAccepted(kept as string)).toEqual({ ...accepted(8n), canisters: [] });
    const [act] = await stores.acts(store.db, "acme", Number.MAX_SAFE_INTEGER, 1);
    expect(act).toMatchObject({
      ...{ who: "node node-0", act: "enrol" },
      detail: `id ${node.id}, keeps what was accepted of it and policy=strict, labels rack=7`,
    });
  });

  it("come again to what was written last, where its answer was lost and memory has what was before", async () => {
    await silent({ accepted: writeAccepted(accepted(9n)) });
    const owned = (await ownership.take(node.name)) as OwnedNode;
    [owned.accepted, owned.isAhead, owned.imprint] = [accepted(8n), false, null];
    await over().collect();
    await enrolledAgain();
    const { accepted: kept } = (await row(node)) as stores.NodeRow;
    expect(readAccepted(kept as string).clock?.clock).toBe(9n);
  });

  it("leave their name to no other machine that an operator enrols, where an administrator chose their policy", async () => {
    const seen = (await row(node)) as stores.NodeRow;
    await over().retire(seen, { who: "ola", isForced: true });
    const another = { ...other.row(), name: node.name };
    await expect(enrolledAgain({ rack: "7" }, another)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("expected the key of the node node-0 that is gone") as string,
    });
    expect(await names()).toEqual([]);
    await enrolledAgain({ policy: "lenient" }, another);
    expect(await row(node)).toMatchObject({ id: other.id, labels: { policy: "lenient" } });
  });

  it("are retired by people at once, and evidence of theirs that waits is refused", async () => {
    const seen = (await row(node)) as stores.NodeRow;
    await expect(over().retire({ ...seen, token: "of before" }, { who: "ann", isForced: true })).rejects.toMatchObject({
      code: "not-found",
    });
    const owned = (await ownership.take(node.name)) as OwnedNode;
    let went = () => {};
    const turn = new Promise<void>((resolve) => (went = resolve));
    const waiting = owned.alone(() => owned.givingWay(turn));
    const retired = over().retire(seen, { who: "ann", isForced: false });
    await expect(waiting).rejects.toMatchObject({ code: "owned-elsewhere" });
    expect(await retired).toMatchObject({ name: node.name, state: "unknown" });
    went();
    expect([await names(), ownership.size, left]).toEqual([[], 0, ["retired 1"]]);
    await expect(over().retire(seen, { who: "ann", isForced: false })).rejects.toMatchObject({ code: "not-found" });
  });

  it("say nothing more from memory where it is not known whether they were retired", async () => {
    const lost = new Error("Connection terminated unexpectedly");
    const losing = losingAnswers(store.db, lost);
    const owned = (await ownership.take(node.name)) as OwnedNode;
    owned.affirmed = { until: new Date(Date.now() + DAY_MS), canisters: new Set() };
    [owned.imprint, owned.given] = ["as written", { digest: "of the last evidence", answer: "affirming" }];
    const seen = (await row(node)) as stores.NodeRow;
    await expect(over({ db: losing }).retire(seen, { who: "ann", isForced: false })).rejects.toBe(lost);
    expect(await names()).toEqual([]);
    // So the next evidence is news, and the store refuses it.
    expect([owned.imprint, owned.given, owned.affirmed]).toEqual([null, undefined, undefined]);
  });
});
