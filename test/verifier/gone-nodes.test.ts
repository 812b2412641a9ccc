/** Nodes that leave both stores: which are collected, what goes with them, what outlives them, and that only one verifier takes each. */
import { beforeAll, beforeEach, expect, it } from "vitest";
import { readStatement } from "../../packages/log/src/statement/index.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { onBothStores, type TestedStore } from "./both-stores.ts";
import { statementIn } from "./set-clock.ts";
import { SoftwareNode } from "./software-node.ts";

const nodes = Array.from({ length: 8 }, (_, at) => new SoftwareNode(`node-${at}`));
const [node, other] = nodes as [SoftwareNode, SoftwareNode];
const as = (state: stores.State) => ({ state, failure: null, why: null });
const counters = JSON.stringify({ events: 1, departures: 0, refused: 0, lost: 0, untrusted: 0 });
const canister = {
  ...({ root: "tpm", state: "affirming" } as const),
  ...{ node: node.name, label: "web", tenant: "acme", image: null, contour: null, mode: "enforcing", sensor: "bpf" },
  ...{
    failure: null,
    why: null,
    links: "[]",
    started: new Date(0),
    points: 7,
    measurement: "06",
    counters,
  },
} as const;
const departure = {
  at: new Date(),
  line: "x",
  why: null,
  nearest: null,
  program: null,
  point: null,
  refused: true,
  times: 1,
};
const DAY_MS = 86_400_000;
const pastOf = () => undefined;
/** In the order in which one may refer to those before. */
const TABLES = [
  ...(["nodes", "changes", "audit", "verifiers", "receivers"] as const),
  ...(["retired_keys", "retired_policies", "retired_names"] as const),
  ...(["enrolment_tokens", "enrolments", "log", "statements"] as const),
];

function contract({ store: opened, owned, clear }: TestedStore): void {
  let store: stores.Connection;
  const collect = (more: Partial<stores.Collecting> = {}) =>
    stores.collectNodes(store.db, { verifier: "v1", days: 30, most: 64, skip: 0, pastOf, ...more });
  const namesOf = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name).sort();
  /** Is silent for so many days: by the clock of the database, and by that of the verifier that wrote so. */
  const silent = (days: number, of: readonly string[] = [node.name], wrote = days) =>
    store.db
      .updateTable("nodes")
      .set({ idle: new Date(Date.now() - days * DAY_MS), since: new Date(Date.now() - wrote * DAY_MS) })
      .where("name", "in", of)
      .execute();
  const write = (state: stores.State, more: Partial<stores.VerdictWrite> = {}) =>
    stores.writeVerdict(store.db, {
      ...{ node: node.name, verifier: "v1", at: new Date(), verdict: as(state), columns: {}, canisters: undefined },
      ...more,
    });
  const left = async () => namesOf(await store.db.selectFrom("nodes").select("name").execute());
  const changes = () => stores.changesAfter(store.db, 0, 1000);
  const retire = (more: Partial<stores.Retiring> = {}) =>
    stores.retireNode(store.db, { node: node.row(), verifier: "v1", who: "ann", isForced: false, pastOf, ...more });

  beforeAll(() => {
    store = opened();
  });
  beforeEach(async () => {
    await clear(TABLES);
    await stores.beginLease(store.db, "v1", "host", 60);
    await stores.beginLease(store.db, "v2", "host", 60);
    for (const each of nodes) await stores.insertNode(store.db, each.row());
    await stores.claimNode(store.db, node.name, "v1");
  });

  it("collects what is stale, or has sent nothing, for so long, and nothing else", async () => {
    await silent(31, namesOf(nodes));
    const states = ["stale", "unknown", "affirming", "contraindicated", "unverifiable", "revoked"] as const;
    for (const [at, state] of states.entries())
      await store.db.updateTable("nodes").set({ state }).where("name", "=", `node-${at}`).execute();
    await silent(29, ["node-6"]);
    // By a verifier whose clock was in the past.
    await silent(29, ["node-7"], 9000);
    expect(namesOf(await collect())).toEqual(["node-0", "node-1"]);
    expect(await left()).toEqual(["node-2", "node-3", "node-4", "node-5", "node-6", "node-7"]);
  });

  it("takes all that is kept of a node, and says so: an act, a change, a statement", async () => {
    await stores.beginLog(store.db, "example.com/fleet", 0);
    await write("affirming", {
      canisters: [canister],
      evidence: { challenge: Buffer.from("c"), evidence: Buffer.from("e") },
    });
    await stores.writeDepartures(store.db, node.name, "web", [departure]);
    await write("stale", { others: as("stale") });
    await silent(31);
    const [before] = await store.db.selectFrom("nodes").selectAll().where("name", "=", node.name).execute();
    expect(await collect()).toEqual([before]);
    for (const table of ["canisters", "evidence", "departures"] as const)
      expect(await store.db.selectFrom(table).selectAll().execute()).toEqual([]);
    expect((await changes()).at(-1)).toMatchObject({
      ...{ node: node.name, label: null, tenant: "acme", before: "stale", after: "gone", failure: null },
      why: "it was stale for 30 days, and was collected; enrol it anew if it comes back",
    });
    expect(await stores.acts(store.db, "acme", Number.MAX_SAFE_INTEGER, 10)).toMatchObject([
      { who: "the verifier", act: "collect", object: node.name, detail: expect.stringContaining(node.id) as string },
    ]);
    const stated = await stores.statementsBehind(store.db, 0, 1000);
    expect(readStatement((stated.at(-1) as stores.StatementRow).entry)).toMatchObject({
      ...{ kind: "withdraw-enrolment", node: node.id, which: "collected" },
    });
  });

  it("takes what a node has in pieces, and of nodes that have much fewer at once", async () => {
    const large = namesOf(nodes).slice(0, 2);
    for (const [at, name] of large.entries()) {
      await silent(40 - at, [name]);
      await statementIn(
        owned().db,
        "insert into departures (node, label, at, line, refused, times) " +
          `select '${name}', 'run ' || at / 1000, now(), 'x', true, 1 from generate_series(1, 10000) as at`,
      );
    }
    await silent(31, ["node-2", "node-3"]);
    for (const statement of [
      `create function too_long() returns trigger language plpgsql as $$ begin
        if (select count(*) from went) > 2000 then raise 'it takes too long' using errcode = '57014'; end if;
        return null; end $$`,
      `create trigger too_long after delete on departures referencing old table as went
        for each statement execute function too_long()`,
    ])
      await statementIn(owned().db, statement);
    const taken = [await collect(), await collect(), await collect()].map(namesOf);
    await statementIn(owned().db, "drop function too_long cascade");
    expect(taken).toEqual([["node-0"], ["node-1"], ["node-2", "node-3"]]);
    expect(await store.db.selectFrom("departures").select("id").execute()).toEqual([]);
  });

  it("leaves to each verifier what it owns, and takes that of one that died, or of none", async () => {
    await silent(31, namesOf(nodes));
    for (const [name, verifier] of [
      ["node-1", "v2"],
      ["node-2", "v2"],
    ] as const)
      await stores.claimNode(store.db, name, verifier);
    await silent(90, ["node-1", "node-2"]);
    await store.db.updateTable("nodes").set({ owner: "died" }).where("name", "=", "node-3").execute();
    expect((await collect({ most: 2 })).length).toBe(2);
    expect((await collect()).length).toBe(4);
    expect(await left()).toEqual(["node-1", "node-2"]);
    await stores.endLease(store.db, "v2");
    expect((await collect()).length).toBe(2);
  });

  it("takes each once, where two collect at once, and so many at a time, the longest silent first", async () => {
    for (const [at, { name }] of nodes.entries()) await silent(40 + at, [name]);
    await store.db.updateTable("nodes").set({ owner: null }).execute();
    expect(namesOf(await collect({ most: 2 }))).toEqual(["node-6", "node-7"]);
    expect(namesOf(await collect({ most: 1, skip: 1 }))).toEqual(["node-4"]);
    const both = await Promise.all([collect({ most: 3 }), collect({ most: 3, verifier: "v2" }), collect({ most: 3 })]);
    const taken = [...both.flat(), ...(await collect())];
    expect(namesOf(taken)).toEqual(["node-0", "node-1", "node-2", "node-3", "node-5"]);
    const gone = (await changes()).filter(({ after }) => after === "gone");
    expect([gone.length, new Set(gone.map((change) => change.node)).size]).toEqual([8, 8]);
  });

  it("writes no verdict of a node that was collected, and collects none that has sent evidence", async () => {
    await write("stale");
    await silent(31);
    await stores.claimNode(store.db, other.name, "v1");
    const [kept, collected] = await Promise.allSettled([write("affirming", { canisters: [canister] }), collect()]);
    const isKept = kept.status === "fulfilled";
    expect(await left()).toHaveLength(isKept ? 8 : 7);
    expect(collected).toMatchObject({ value: isKept ? [] : [{ name: node.name }] });
    expect(await stores.canistersOf(store.db, node.name)).toHaveLength(isKept ? 1 : 0);
    await write("stale").catch(() => undefined);
    await silent(31);
    await collect();
    await expect(write("affirming", { canisters: [canister] })).rejects.toMatchObject({ code: "owned-elsewhere" });
    await expect(stores.writeDepartures(store.db, node.name, "web", [departure])).rejects.toMatchObject({
      code: "unknown-caller",
    });
    expect((await changes()).at(-1)).toMatchObject({ node: node.name, after: "gone" });
  });

  it("counts only silence that nothing broke: neither evidence nor an enrolment anew", async () => {
    const idle = async () => Date.now() - ((await stores.findNode(store.db, node.name))?.idle?.getTime() ?? 0);
    await write("stale");
    await silent(31);
    await write("stale");
    expect(await idle()).toBeGreaterThan(30 * DAY_MS);
    await write("affirming");
    expect((await stores.findNode(store.db, node.name))?.idle).toBeNull();
    await write("stale");
    expect(await idle()).toBeLessThan(DAY_MS);
    await write("unknown");
    await silent(31);
    const { id, ...row } = node.row();
    expect(await stores.renewEnrolment(store.db, { id, ...row }, id, null)).toBe(true);
    expect(await idle()).toBeLessThan(DAY_MS);
    // The name of another tenant by now.
    expect(await stores.renewEnrolment(store.db, { id, ...row, tenant: "umbrella" }, id, null)).toBe(false);
    expect(await collect()).toEqual([]);
  });

  const past = (name: string, { id }: { readonly id: string }, tenant = "acme", labels = {}) =>
    stores.takePast(store.db, { name, id, tenant, labels });
  const nothing = { accepted: undefined, policy: undefined };
  /** The node leaves, which an administrator had judged by a policy of its own. */
  const leaves = async (policy: string, { name }: SoftwareNode = node) => {
    const labels = JSON.stringify({ policy, rack: "7" });
    await store.db.updateTable("nodes").set({ labels }).where("name", "=", name).execute();
    await silent(31, [name]);
    await collect({ pastOf: (row) => (row.name === node.name ? "accepted" : undefined) });
  };

  it("holds a key that comes again to what was accepted of it, and in its tenant to the policy of its label", async () => {
    await leaves("strict");
    await silent(31, [other.name]);
    await collect();
    expect(await past(other.name, other)).toEqual(nothing);
    expect(await past("node-9", node, "umbrella")).toEqual({ accepted: "accepted", policy: undefined });
    expect(await past("node-9", node)).toEqual({ accepted: undefined, policy: "strict" });
    expect(await past("node-9", node)).toEqual(nothing);
  });

  it("keeps the policy of a key while it is another tenant's, which has policies of its own", async () => {
    await leaves("strict");
    await past("node-9", node, "umbrella");
    await stores.insertNode(store.db, { ...node.row("umbrella"), name: "node-9" });
    const labels = JSON.stringify({ policy: "theirs" });
    await store.db.updateTable("nodes").set({ labels }).where("name", "=", "node-9").execute();
    await silent(31, ["node-9"]);
    await collect();
    expect((await past("node-9", node)).policy).toBe("strict");
    expect((await past("node-9", node, "umbrella")).policy).toBe("theirs");
  });

  it("gives the name of a node that was judged by a policy of its own to no other key, unless the token has that label", async () => {
    await leaves("lenient");
    await leaves("strict", other);
    const conflict = {
      code: "conflict",
      message: expect.stringMatching(
        /^expected the key of the node node-0 that is gone, .*with the label policy$/,
      ) as string,
    };
    for (const key of [other, { id: "any" }]) await expect(past(node.name, key)).rejects.toMatchObject(conflict);
    expect(await past(node.name, { id: "any" }, "umbrella")).toEqual(nothing);
    expect((await past(node.name, node)).policy).toBe("lenient");
    expect(await past(other.name, { id: "any" }, "acme", { policy: "new" })).toEqual(nothing);
    expect(await past(other.name, { id: "another" })).toEqual(nothing);
  });

  it("tells of a canister nothing that one of a node of the same name did before that was gone", async () => {
    const history = async () => (await stores.historyOf(store.db, node.name, "web", 10)).map(({ after }) => after);
    await write("affirming", { canisters: [canister] });
    expect(await history()).toEqual(["affirming"]);
    await write("stale");
    await retire();
    expect(await history()).toEqual([]);
    await stores.insertNode(store.db, node.row("umbrella"));
    await stores.claimNode(store.db, node.name, "v1");
    await write("affirming", { canisters: [{ ...canister, state: "contraindicated" }] });
    expect(await history()).toEqual(["contraindicated"]);
  });

  it("forgets changes of a node that is gone for a week, counts them for receivers, and keeps those of the next of its name", async () => {
    await stores.beginReceiver(store.db, "behind");
    await write("affirming", { canisters: [canister] });
    await write("stale");
    await retire();
    await owned()
      .db.updateTable("changes")
      .set({ at: new Date(Date.now() - 8 * DAY_MS) })
      .execute();
    await stores.insertNode(store.db, node.row());
    await stores.claimNode(store.db, node.name, "v1");
    await write("affirming");
    const all = await changes();
    await store.db
      .updateTable("receivers")
      .set({ sent: all[0]?.id ?? 0, skipped: 0 })
      .execute();
    await stores.forgetGone(store.db, 2);
    expect((await changes()).map(({ after }) => after)).toEqual(["stale", "gone", "affirming"]);
    await stores.forgetGone(store.db);
    expect((await changes()).map(({ after }) => after)).toEqual(["affirming"]);
    expect(await stores.claimReceiver(store.db, "behind", 1)).toMatchObject({ skipped: 3 });
    await write("stale");
    await retire();
    await stores.forgetGone(store.db);
    expect(await changes()).toHaveLength(3);
  });

  it("retires what is stale or unknown, or what is forced, and ends what was permitted for the name", async () => {
    await stores.beginLog(store.db, "example.com/fleet", 0);
    const token = { tenant: "acme", labels: {}, expires: new Date(Date.now() + DAY_MS) };
    await stores.writeToken(store.db, { ...token, token: "named", name: node.name });
    await stores.writeToken(store.db, { ...token, token: "any", name: null });
    await write("affirming");
    await expect(retire()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("got node-0, which is affirming") as string,
    });
    await expect(retire({ verifier: "v2", isForced: true })).rejects.toMatchObject({ code: "owned-elsewhere" });
    expect(await retire({ node: { ...node.row(), token: "of another enrolment" }, isForced: true })).toBeUndefined();
    expect(await left()).toHaveLength(8);
    expect(await retire({ isForced: true })).toMatchObject({ name: node.name, state: "affirming" });
    expect(await retire({ isForced: true })).toBeUndefined();
    expect(await left()).toHaveLength(7);
    expect(await stores.usableToken(store.db, "named")).toBeUndefined();
    expect(await stores.usableToken(store.db, "any")).toBeDefined();
    expect((await changes()).at(-1)).toMatchObject({ before: "affirming", after: "gone" });
    expect(await stores.acts(store.db, "acme", Number.MAX_SAFE_INTEGER, 1)).toMatchObject([
      { who: "ann", act: "retire" },
    ]);
    const stated = await stores.statementsBehind(store.db, 0, 1000);
    expect(readStatement((stated.at(-1) as stores.StatementRow).entry)).toMatchObject({ which: "retired" });
  });

  it("keeps a revoked node, however long it is silent, also where that is forced", async () => {
    await write("revoked");
    await silent(9000);
    expect(await collect({ days: 1 })).toEqual([]);
    await expect(retire({ isForced: true })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("a revocation is never forgotten") as string,
    });
    expect(await stores.findNode(store.db, node.name)).toMatchObject({ state: "revoked" });
  });

  it("tells every verifier which node is gone", async () => {
    const heard: (stores.Gone | undefined)[] = [];
    await store.listen((channel, message) => {
      if (channel === "isoline_gone") heard.push(stores.goneIn(message));
    });
    await silent(31);
    // A listener that connects says so with empty messages; until then nothing is heard.
    await expect.poll(() => store.isAlone || heard.length > 0).toBe(true);
    await collect();
    const { name, id, token } = node.row();
    await expect.poll(() => heard.at(-1)).toEqual({ name, id, token });
  });
}

onBothStores(contract);
