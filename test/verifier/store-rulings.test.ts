/** What administrators ruled, in both stores: it stands whatever evidence says, and whatever a node sends. */
import { beforeAll, beforeEach, expect, it } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { onBothStores, type TestedStore } from "./both-stores.ts";
import { SoftwareNode } from "./software-node.ts";

const nodes = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
const as = (state: stores.State, why: string | null = null) => ({ state, failure: null, why });

function contract({ store: opened, clear }: TestedStore): void {
  let store: stores.Connection;
  const write = (state: stores.State, name = "node-1"): stores.VerdictWrite => ({
    ...{ node: name, verifier: "v1", at: new Date(), verdict: as(state), columns: {} },
    ...{ canisters: undefined, others: as(state) },
  });
  const stands = async (name = "node-1") => (await stores.findNode(store.db, name))?.state;
  const put = (digest: string, reviewed: boolean) =>
    stores.writeContour(store.db, { digest, file: Buffer.alloc(9), reviewed, since: new Date() });
  const named = async (digest: string) => (await stores.contoursNamed(store.db, [digest]))[0];

  beforeAll(() => {
    store = opened();
  });
  beforeEach(async () => {
    await clear(["verifiers", "withdrawn_contours", "contours", "nodes", "changes"]);
    await stores.beginLease(store.db, "v1", "host", 60);
    for (const node of nodes) {
      await stores.insertNode(store.db, node.row());
      await stores.claimNode(store.db, node.name, "v1");
    }
  });

  it.each(["affirming", "contraindicated", "unverifiable", "stale"] as const)(
    "a node that was revoked does not become %s, and keeps no other from being written",
    async (state) => {
      await stores.writeVerdict(store.db, write("revoked"));
      const last = await stores.lastChange(store.db);
      const refusal = {
        code: "not-allowed",
        message: "node-1 was revoked; enrol it anew, with a token made for its name",
      };
      await expect(stores.writeVerdict(store.db, write(state))).rejects.toMatchObject(refusal);
      const refusals = await stores.writeVerdicts(store.db, [write(state), write(state, "node-2")]);
      expect(refusals).toMatchObject([refusal, undefined]);
      expect([await stands(), await stands("node-2")]).toEqual(["revoked", state]);
      const changes = await stores.changesAfter(store.db, last ?? 0, 10);
      expect(changes.map(({ node, after }) => [node, after])).toEqual([["node-2", state]]);
    },
  );

  it("a node that was revoked is so once more, and is unknown once it is enrolled anew", async () => {
    for (const state of ["revoked", "revoked", "unknown", "affirming"] as const) {
      await stores.writeVerdict(store.db, write(state));
      expect(await stands()).toBe(state);
    }
  });

  it("a contour that was withdrawn stays so when it is forgotten and a node sends it again, until a person puts it", async () => {
    await put("aa", true);
    await stores.withdrawContours(store.db, ["aa", "bb", "aa"]);
    await stores.withdrawContours(store.db, []);
    await stores.withdrawContours(store.db, ["aa"]);
    expect(await named("aa")).toEqual({ digest: "aa", reviewed: false, withdrawn: true });
    await stores.forgetContours(store.db, []);
    expect(await named("aa")).toBeUndefined();
    for (const digest of ["aa", "bb", "cc"]) await put(digest, false);
    expect(await stores.contoursNamed(store.db, ["aa", "bb", "cc"])).toEqual(
      expect.arrayContaining([
        { digest: "aa", reviewed: false, withdrawn: true },
        { digest: "bb", reviewed: false, withdrawn: true },
        { digest: "cc", reviewed: false, withdrawn: false },
      ]),
    );
    await put("aa", true);
    await stores.reinstateContours(store.db, ["bb"]);
    await stores.reinstateContours(store.db, []);
    expect([await named("aa"), await named("bb")]).toEqual([
      { digest: "aa", reviewed: true, withdrawn: false },
      { digest: "bb", reviewed: false, withdrawn: false },
    ]);
  });

  it("more contours are withdrawn and named at once than a statement has values", async () => {
    const many = Array.from({ length: 70_000 }, (_, at) => at.toString(16).padStart(64, "0"));
    const stamp = await stores.rulesStamp(store.db);
    await stores.withdrawContours(store.db, many);
    expect(await stores.rulesStamp(store.db)).not.toBe(stamp);
    await put(many[69_999] as string, false);
    expect(await named(many[69_999] as string)).toMatchObject({ withdrawn: true });
    await stores.reinstateContours(store.db, many);
    expect(await named(many[69_999] as string)).toMatchObject({ withdrawn: false });
  });
}

onBothStores(contract);
