/** One contract for both stores: what is written is there, in the same types, and only the owner may write a verdict. */
import { beforeAll, beforeEach, expect, it } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { onBothStores, type TestedStore } from "./both-stores.ts";
import { SoftwareNode } from "./software-node.ts";

const tables = [
  "nodes",
  "canisters",
  "changes",
  "evidence",
  "departures",
  "enrolment_tokens",
  "enrolments",
  "policies",
  "reference_files",
  "contours",
  "audit",
  "verifiers",
  "receivers",
  "root_hours",
] as const;
const node = new SoftwareNode("node-1");
const other = new SoftwareNode("node-2");
const canister = {
  ...{ node: "node-1", label: "web", tenant: "acme", image: null, contour: null, mode: "enforcing", sensor: "bpf" },
  ...({ root: "tpm", state: "affirming" } as const),
  ...{ failure: null, why: null, links: "[]", started: new Date(0), points: 7 },
  ...{ measurement: "06", counters: JSON.stringify({ events: 1, departures: 0, refused: 0, lost: 0, untrusted: 0 }) },
} as const;
const affirming = { state: "affirming", failure: null, why: null } as const;

function contract({ store: opened, clear }: TestedStore): void {
  let store: stores.Connection;
  const write = (more: Partial<stores.VerdictWrite> = {}) =>
    stores.writeVerdict(store.db, {
      ...{ node: "node-1", verifier: "v1", at: new Date(), verdict: affirming, columns: {}, canisters: [canister] },
      ...more,
    });

  beforeAll(() => {
    store = opened();
  });
  beforeEach(async () => {
    await clear(tables);
    await stores.insertNode(store.db, node.row("acme", { rack: "7" }));
    await stores.beginLease(store.db, "v1", "host", 60);
    await stores.beginLease(store.db, "v2", "host", 60);
  });

  it("keeps nodes, their labels and times", async () => {
    const row = await stores.findNode(store.db, "node-1");
    expect(row).toMatchObject({ id: node.id, labels: { rack: "7" }, state: "unknown", accepted: null });
    expect(row?.enrolled).toBeInstanceOf(Date);
    await expect(stores.insertNode(store.db, { ...other.row(), name: "node-1" })).rejects.toMatchObject({
      code: "23505",
    });
  });

  it("has one owner of a node at a time", async () => {
    expect(await stores.claimNode(store.db, "node-1", "v1")).toMatchObject({ owner: "v1" });
    expect(await stores.claimNode(store.db, "node-1", "v2")).toEqual({ ownedBy: "v1" });
    await stores.endLease(store.db, "v1");
    expect(await stores.claimNode(store.db, "node-1", "v1")).toBe("lease-over");
    expect(await stores.claimNode(store.db, "node-1", "v2")).toMatchObject({ owner: "v2" });
    const known = { accepted: "told", seen: new Date(5), silentMs: null };
    await stores.releaseNodes(store.db, "v2", [{ name: "node-1", ...known }]);
    expect(await stores.findNode(store.db, "node-1")).toMatchObject({
      owner: null,
      accepted: "told",
      seen: new Date(5),
    });
    expect(await stores.claimNode(store.db, "none", "v2")).toBeUndefined();
  });

  it("writes a verdict for the owner alone, with its changes", async () => {
    await stores.claimNode(store.db, "node-1", "v1");
    await write();
    await write({ canisters: [{ ...canister, state: "contraindicated", failure: "off-contour", why: "it left" }] });
    await expect(write({ verifier: "v2" })).rejects.toMatchObject({ code: "owned-elsewhere" });
    const changes = await stores.changesAfter(store.db, 0, 10);
    expect(changes.map(({ label, before, after }) => [label, before, after])).toEqual([
      [null, "unknown", "affirming"],
      ["web", "unknown", "affirming"],
      ["web", "affirming", "contraindicated"],
    ]);
    expect(typeof changes[0]?.id).toBe("number");
    expect(await stores.lastChange(store.db)).toBe(changes[2]?.id);
    expect(await stores.canistersOf(store.db, "node-1")).toMatchObject([
      { points: 7, counters: { events: 1 }, failure: "off-contour" },
    ]);
    const ending = { failure: "off-contour", why: "it ended; it departed" };
    await write({ canisters: [], endings: new Map([["web", ending]]) });
    expect(await stores.canistersOf(store.db, "node-1")).toEqual([]);
    expect((await stores.changesAfter(store.db, 0, 10)).at(-1)).toMatchObject({ ...ending, after: "unknown" });
    await write({ canisters: [], endings: new Map([["web", { ...ending, why: "the next run as well" }]]) });
    expect((await stores.changesAfter(store.db, 0, 10)).at(-1)).toMatchObject({
      ...{ label: "web", before: "unknown", after: "unknown", failure: "off-contour", why: "the next run as well" },
    });
  });

  it("keeps so many changes of each node, and those of others whatever one does", async () => {
    await stores.insertNode(store.db, other.row("umbrella"));
    for (const [name, verifier] of [
      ["node-1", "v1"],
      ["node-2", "v2"],
    ] as const)
      await stores.claimNode(store.db, name, verifier);
    await write({ node: "node-2", verifier: "v2", canisters: [] });
    const away = { ...canister, state: "contraindicated", failure: "off-contour", why: "it left" } as const;
    for (const one of [canister, away, canister, away]) await write({ canisters: [one] });
    await stores.forgetChanges(store.db, "node-1", 2);
    await stores.forgetChanges(store.db, "node-2", 2);
    const left = await stores.changesAfter(store.db, 0, 10);
    expect(left.map(({ node: of, label, after }) => [of, label, after])).toEqual([
      ["node-2", null, "affirming"],
      ["node-1", "web", "affirming"],
      ["node-1", "web", "contraindicated"],
    ]);
    expect(await stores.changesAfter(store.db, 0, 10, "umbrella")).toEqual(left.slice(0, 1));
  });

  it("keeps so many departures of each node: those of the canister that has the most give way, the oldest first", async () => {
    await stores.insertNode(store.db, other.row("umbrella"));
    const told = (of: string, label: string, lines: readonly string[]) => {
      const blank = { at: new Date(), why: null, nearest: null, program: null, point: null, refused: true, times: 1 };
      return stores.writeDepartures(
        store.db,
        of,
        label,
        lines.map((line) => ({ ...blank, line })),
        4,
      );
    };
    await told("node-2", "web", ["x", "y", "z"]);
    await told("node-1", "web", ["a"]);
    await told("node-1", "flood", ["b", "c", "d"]);
    await told("node-1", "flood", ["e", "f"]);
    await told("node-1", "other", ["g"]);
    const lines = async (of: string, label: string) =>
      (await stores.departuresOf(store.db, of, label, 10)).map(({ line }) => line);
    expect(await Promise.all(["web", "flood", "other"].map((label) => lines("node-1", label)))).toEqual([
      ["a"],
      ["f", "e"],
      ["g"],
    ]);
    expect(await lines("node-2", "web")).toEqual(["z", "y", "x"]);
  });

  it("writes as many canisters as evidence may have, in place of as many others, and keeps since when each is so", async () => {
    await stores.claimNode(store.db, "node-1", "v1");
    const many = (name: string, points = 7) =>
      Array.from({ length: 4096 }, (_, at) => ({ ...canister, label: `${name}${at}`, points }));
    await write({ canisters: many("a"), at: new Date(1000) });
    await write({ canisters: many("b"), at: new Date(2000) });
    await write({ canisters: many("b", 8), at: new Date(3000) });
    expect(await stores.changesAfter(store.db, 0, 20_000)).toHaveLength(1 + 3 * 4096);
    const rows = await stores.canistersOf(store.db, "node-1");
    expect([rows.length, rows[0]?.label, rows[0]?.points, rows[0]?.since]).toEqual([4096, "b0", 8, new Date(2000)]);
    const stale = { state: "stale", failure: "unreachable", why: "silent" } as const;
    await write({ canisters: undefined, others: stale, at: new Date(4000) });
    await write({ canisters: undefined, others: { ...stale, why: "still" }, at: new Date(5000) });
    expect((await stores.canistersOf(store.db, "node-1"))[9]).toMatchObject({
      ...stale,
      ...{ why: "still", since: new Date(4000), points: 8 },
    });
    expect(await stores.changesAfter(store.db, 0, 20_000)).toHaveLength(1 + 4 * 4096);
  });

  it("keeps contours that nodes sent while a canister names them, or a name is given, and tells them by tenant", async () => {
    await stores.claimNode(store.db, "node-1", "v1");
    await write({ canisters: [{ ...canister, contour: "aa" }] });
    for (const [digest, reviewed] of [
      ["aa", false],
      ["bb", false],
      ["cc", false],
      ["dd", true],
    ] as const)
      await stores.writeContour(store.db, { digest, file: Buffer.alloc(9), reviewed, since: new Date() });
    expect(await store.db.transaction().execute((step) => stores.sentContours(step, "acme"))).toEqual([
      { digest: "aa", bytes: 9 },
    ]);
    expect(await store.db.transaction().execute((step) => stores.sentContours(step, "umbrella"))).toEqual([]);
    await stores.forgetContours(store.db, ["bb"]);
    const left = await stores.contoursBy(store.db, ["aa", "bb", "cc", "dd"]);
    expect(left.map(({ digest }) => digest).sort()).toEqual(["aa", "bb", "dd"]);
    await write({ canisters: [] });
    await stores.forgetContours(store.db, []);
    expect((await stores.contoursBy(store.db, ["aa", "bb", "dd"])).map(({ digest }) => digest)).toEqual(["dd"]);
  });

  it("writes verdicts of many nodes together, each for its owner alone", async () => {
    await stores.insertNode(store.db, other.row("umbrella"));
    await stores.claimNode(store.db, "node-1", "v1");
    await stores.claimNode(store.db, "node-2", "v1");
    const of = (name: string, more: Partial<stores.VerdictWrite> = {}): stores.VerdictWrite => ({
      ...{ node: name, verifier: "v1", at: new Date(1000), verdict: affirming, columns: { imprint: name } },
      canisters: [{ ...canister, node: name, tenant: name === "node-1" ? "acme" : "umbrella" }],
      evidence: { challenge: Buffer.from("c"), evidence: Buffer.from(name) },
      ...more,
    });
    const ended = of("node-2", { canisters: [], at: new Date(2000), verdict: { ...affirming, state: "unverifiable" } });
    expect(await stores.writeVerdicts(store.db, [of("node-1"), of("node-2"), of("node-3")])).toMatchObject([
      undefined,
      undefined,
      { code: "owned-elsewhere" },
    ]);
    expect(await stores.writeVerdicts(store.db, [of("node-1", { verifier: "v2" }), ended])).toMatchObject([
      { code: "owned-elsewhere" },
      undefined,
    ]);
    const changes = await stores.changesAfter(store.db, 0, 10);
    expect(changes.map((change) => [change.node, change.label, change.tenant, change.after])).toEqual([
      ["node-1", null, "acme", "affirming"],
      ["node-1", "web", "acme", "affirming"],
      ["node-2", null, "umbrella", "affirming"],
      ["node-2", "web", "umbrella", "affirming"],
      ["node-2", null, "umbrella", "unverifiable"],
      ["node-2", "web", "umbrella", "unknown"],
    ]);
    expect(await stores.findNode(store.db, "node-1")).toMatchObject({ imprint: "node-1", since: new Date(1000) });
    expect(await stores.canistersOf(store.db, "node-1")).toHaveLength(1);
    expect(await stores.canistersOf(store.db, "node-2")).toEqual([]);
    const kept = await store.db.selectFrom("evidence").select(["node", "evidence"]).orderBy("node").execute();
    expect(kept.map((row) => [row.node, Buffer.from(row.evidence).toString()])).toEqual([
      ["node-1", "node-1"],
      ["node-2", "node-2"],
    ]);
  });

  it("a verdict that cannot be written keeps no other from it, however many come at once", async () => {
    const nodes = Array.from({ length: 200 }, (_, at) => new SoftwareNode(`many-${at}`));
    for (const each of nodes) {
      await stores.insertNode(store.db, each.row("acme"));
      await stores.claimNode(store.db, each.name, "v1");
    }
    const queue = new stores.VerdictQueue(store.db, () => 1);
    const written = await Promise.allSettled(
      nodes.map(({ name }, at) =>
        queue.write("acme", {
          ...{ node: name, at: new Date(), verdict: at === 90 ? { ...affirming, why: "\0" } : affirming, columns: {} },
          ...{ verifier: at === 100 ? "v2" : "v1", canisters: [{ ...canister, node: name }] },
        }),
      ),
    );
    const failed = written.flatMap(({ status }, at) => (status === "rejected" ? [at] : []));
    expect(failed).toEqual([90, 100]);
    expect(written[100]).toMatchObject({ reason: { code: "owned-elsewhere" } });
    expect(await stores.changesAfter(store.db, 0, 1000)).toHaveLength(2 * 198);
    expect(await stores.findNode(store.db, "many-90")).toMatchObject({ state: "unknown" });
  });

  it("writes neither a verdict nor a change where what belongs to it fails", async () => {
    await stores.claimNode(store.db, "node-1", "v1");
    const also = () => Promise.reject(new Error("no record of the act"));
    await expect(write({ also })).rejects.toThrow("no record of the act");
    expect(await stores.findNode(store.db, "node-1")).toMatchObject({ state: "unknown" });
    expect(await stores.changesAfter(store.db, 0, 10)).toEqual([]);
  });

  it("hands over what no live verifier owns", async () => {
    await stores.claimNode(store.db, "node-1", "v1");
    await write();
    expect(await stores.adoptNodes(store.db, "v2", 10)).toEqual([]);
    await stores.endLease(store.db, "v1");
    expect((await stores.adoptNodes(store.db, "v2", 10)).map(({ name }) => name)).toEqual(["node-1"]);
    expect(await stores.adoptNodes(store.db, "v2", 10)).toEqual([]);
  });

  it("hands over the nodes of several dead owners and of none, never those of a live one or of a revoked node", async () => {
    const owners = { a: "v3", b: "v4", c: "v1", d: null, e: "v3", f: null };
    for (const [name, owner] of Object.entries(owners)) {
      await stores.insertNode(store.db, new SoftwareNode(`owned-${name}`).row());
      const state = name === "e" ? "revoked" : name === "f" ? "unknown" : "affirming";
      await store.db.updateTable("nodes").set({ owner, state }).where("name", "=", `owned-${name}`).execute();
    }
    expect(await stores.adoptNodes(store.db, "v2", 2)).toHaveLength(2);
    expect(await stores.adoptNodes(store.db, "v2", 2)).toHaveLength(1);
    expect(await stores.adoptNodes(store.db, "v2", 2)).toEqual([]);
    const rows = await store.db.selectFrom("nodes").select("name").where("owner", "=", "v2").orderBy("name").execute();
    expect(rows.map(({ name }) => name)).toEqual(["owned-a", "owned-b", "owned-d"]);
    expect(await stores.adoptNodes(store.db, "v9", 10)).toEqual([]);
  });

  it("uses a token once, also when two ask at the same time", async () => {
    const token = { token: "t", tenant: "acme", labels: {}, name: null, expires: new Date(Date.now() + 60_000) };
    await stores.writeToken(store.db, token);
    await stores.writeToken(store.db, { ...token, token: "late", expires: new Date(0) });
    expect(await stores.usableToken(store.db, "t")).toMatchObject({ tenant: "acme", labels: {} });
    expect(await stores.usableToken(store.db, "late")).toBeUndefined();
    const used = await Promise.all([stores.useToken(store.db, "t"), stores.useToken(store.db, "t")]);
    expect(new Set(used)).toEqual(new Set([false, true]));
    expect(await stores.usableToken(store.db, "t")).toBeUndefined();
  });

  it("keeps bytes as they came, and versions of a policy that go up", async () => {
    const file = Buffer.from([0, 255, 10, 13]);
    const policy = { name: "p", version: 1, digest: "a", file, since: new Date(), who: "ann" };
    await stores.writePolicy(store.db, policy);
    await stores.writePolicy(store.db, { ...policy, version: 2, digest: "b" });
    await expect(stores.writePolicy(store.db, { ...policy, version: 2, digest: "c" })).rejects.toMatchObject({
      code: "conflict",
    });
    const [row] = await stores.currentPolicies(store.db);
    expect(row?.version).toBe(2);
    expect([...(row?.file ?? [])]).toEqual([...file]);
  });

  it("raises the revocation epoch by one with each revocation, and not where its transaction fails", async () => {
    const { epoch, raised } = await stores.presentEpoch(store.db);
    expect(raised).toBeInstanceOf(Date);
    const raise = () => store.db.transaction().execute((step) => stores.raiseEpoch(step));
    const both = await Promise.all([raise(), raise()]);
    expect(new Set(both.map((one) => one.epoch))).toEqual(new Set([epoch + 1, epoch + 2]));
    const failing = store.db.transaction().execute(async (step) => {
      await stores.raiseEpoch(step);
      throw new Error("the revocation failed");
    });
    await expect(failing).rejects.toThrow("the revocation failed");
    expect((await stores.presentEpoch(store.db)).epoch).toBe(epoch + 2);
  });

  it("finds nodes by label, and counts", async () => {
    await stores.insertNode(store.db, other.row("umbrella", { rack: "8" }));
    const named = async (filter: stores.NodeFilter) =>
      (await stores.nodesBehind(store.db, filter, "", 10)).map(({ name }) => name);
    expect(await named({ tenant: undefined, labels: { rack: "8" } })).toEqual(["node-2"]);
    expect(await named({ tenant: "acme" })).toEqual(["node-1"]);
    expect(await named({ tenant: undefined, labels: { rack: "'; drop table nodes; --" } })).toEqual([]);
    expect(await stores.nodeCounts(store.db, { tenant: undefined })).toEqual({ unknown: 2 });
  });

  it("tells listeners", async () => {
    const heard: string[] = [];
    const came = new Promise<void>((resolve) => {
      void store.listen((channel, message) => {
        heard.push(`${channel} ${message}`);
        if (message === "v1 node-1") resolve();
      });
    });
    // A listener that connects says so with empty messages; until then nothing is heard.
    const again = setInterval(() => void stores.askForRelease(store.db, "v1", "node-1"), 50);
    await came;
    clearInterval(again);
    expect(heard).toContain("isoline_release v1 node-1");
  });
}

onBothStores(contract, {
  embedded: (place) => {
    it("has one opener at a time, and says which process it is", async () => {
      await expect(stores.openStore(`pglite:${place}`)).rejects.toThrow(`process ${process.pid} has opened this store`);
    });
  },
  postgres: (server, database) => {
    it("outlives a server that crashes within a transaction: that fails, and what comes after it is answered", async () => {
      const store = await stores.openStore(server.address(database));
      let goOn = () => {};
      const isBack = new Promise<void>((resolve) => (goOn = resolve));
      let done: Promise<void> | undefined;
      await new Promise<void>((hasBegun) => {
        done = store.db.transaction().execute(async (inner) => {
          await stores.findNode(inner, "node-1");
          hasBegun();
          // No query runs in this connection while its server goes away.
          await isBack;
          await stores.findNode(inner, "node-1");
        });
      });
      await server.stop("SIGQUIT");
      await server.start();
      goOn();
      await expect(done).rejects.toThrow("not queryable");
      expect(await stores.findNode(store.db, "node-1")).toMatchObject({ name: "node-1" });
      await store.close();
    });
  },
});
