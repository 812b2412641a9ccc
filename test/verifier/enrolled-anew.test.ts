/** Enrolment anew leaves nothing green, and a revocation ends what was permitted before it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAccepted, writeAccepted } from "../../packages/attest/src/appraise/index.ts";
import { writeAnswer } from "../../packages/attest/src/enrol/index.ts";
import { readStatement } from "../../packages/log/src/statement/index.ts";
import { Administration } from "../../packages/verifier/src/fleet/administration.ts";
import { Enrolment } from "../../packages/verifier/src/fleet/enrolment.ts";
import { Epochs } from "../../packages/verifier/src/fleet/epochs.ts";
import { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import type { OwnedNode } from "../../packages/verifier/src/fleet/owned-node.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { SoftwareNode } from "./software-node.ts";

const secret = Buffer.alloc(32, 9);
const trusted = { policySigners: [], contourSigners: [] } as unknown as Trusted;
const affirming = { state: "affirming", failure: null, why: null } as const;
const ANEW = "its node was enrolled anew, and no evidence has come since";
const ann = { who: "ann", tenant: null };

describe("a node that is enrolled anew", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-anew-"));
  const node = new SoftwareNode("node-1");
  let store: stores.Connection;
  let lease: Lease;
  let ownership: Ownership;
  let enrolment: Enrolment;
  let administration: Administration;

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    lease = new Lease(store.urgent, { lost: () => undefined, renewed: () => Promise.resolve() });
    await lease.begin();
    ownership = new Ownership(store.db, lease, () => undefined);
    const rules = new Rules(store.db, trusted);
    const epochs = new Epochs(store.urgent, lease, () => Promise.reject(new Error("signs nothing")));
    enrolment = new Enrolment(store.db, rules, ownership);
    administration = new Administration(store.db, ownership, rules, epochs);
    await stores.insertNode(store.db, node.row());
    await stores.beginLease(store.db, "other", "host", 60);
  });
  afterAll(async () => {
    await lease.end();
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });

  /** An enrolment that waits for its answer. */
  const begun = async (id: string, at = new Date()) => {
    const { name, tenant, labels, document } = node.row();
    const row = { id, name, tenant, labels, document, secret, replaces: node.id, begun: at };
    await stores.writeEnrolment(store.db, row);
  };
  const answer = (id: string) => enrolment.answer(id, writeAnswer({ node: node.id, secret }));
  const token = (token: string, name: string | null) =>
    stores.writeToken(store.db, {
      ...{ token, tenant: "acme", labels: {}, name, expires: new Date(Date.now() + 600_000) },
    });
  /** What was accepted of a node by a TPM whose clock showed this. */
  const accepted = (clock: bigint) =>
    writeAccepted({
      clock: { clock, resetCount: 3, restartCount: 0 },
      policy: { name: "default", version: 1 },
      canisters: [],
    });
  const isUsable = async (token: string) => (await stores.usableToken(store.db, token)) !== undefined;
  const canister = (label: string, state: "affirming" | "contraindicated") => ({
    ...{ node: "node-1", label, tenant: "acme", image: null, contour: null, mode: "enforcing", sensor: "bpf", state },
    ...({ root: "tpm", failure: state === "affirming" ? null : "off-contour", why: null } as const),
    ...{ links: "[]", started: new Date(0), points: 7, measurement: "06" },
    counters: JSON.stringify({ events: 1, departures: 0, refused: 0, lost: 0, untrusted: 0 }),
  });
  const write = (more: Partial<stores.VerdictWrite> = {}) =>
    stores.writeVerdict(store.db, {
      ...{ node: "node-1", verifier: lease.id, at: new Date(), verdict: affirming, columns: {} },
      canisters: [canister("db", "contraindicated"), canister("web", "affirming")],
      ...more,
    });
  /** Of the node, and then of its two canisters. */
  const stands = async () => {
    const row = await stores.findNode(store.db, "node-1");
    const canisters = await stores.canistersOf(store.db, "node-1");
    return [row, ...canisters].map((one) => `${one?.state}: ${one?.why ?? "-"}`);
  };
  const revokedAs = (why: string) => {
    const ofOthers = `revoked: its node was revoked: ${why}`;
    return [`revoked: ${why}`, ofOthers, ofOthers];
  };

  it("is unknown with all of its canisters until it sends evidence, and the changes say so", async () => {
    await ownership.take("node-1");
    await write();
    const last = await stores.lastChange(store.db);
    await stores.beginLog(store.db, "example.com/fleet", 0);
    await begun("first");
    expect(await answer("first")).toMatchObject({ name: "node-1", id: node.id });
    expect(await stands()).toEqual(["unknown: -", `unknown: ${ANEW}`, `unknown: ${ANEW}`]);
    const changes = await stores.changesAfter(store.db, last, 10);
    expect(changes.map(({ label, before, after, why }) => [label, before, after, why])).toEqual([
      [null, "affirming", "unknown", null],
      ["db", "contraindicated", "unknown", ANEW],
      ["web", "affirming", "unknown", ANEW],
    ]);
    const statements = (await stores.statementsBehind(store.db, 0, 10)).map(({ entry }) => readStatement(entry));
    expect(statements).toMatchObject([
      { kind: "enrolment", node: node.id, which: "anew" },
      { kind: "change", node: node.id, label: undefined, from: "affirming", to: "unknown" },
      { kind: "change", node: node.id, from: "contraindicated", to: "unknown" },
      { kind: "change", node: node.id, from: "affirming", to: "unknown" },
    ]);
  });

  it("goes on from what it said last, also where memory alone knows that", async () => {
    await write({ columns: { accepted: accepted(7n) } });
    const owned = (await ownership.take("node-1")) as OwnedNode;
    [owned.accepted, owned.isAhead] = [readAccepted(accepted(8n)), true];
    await begun("goes on");
    await answer("goes on");
    expect((await ownership.take("node-1"))?.accepted?.clock).toMatchObject({ clock: 8n });
  });

  it("keeps verdict and token where the verifier that would enrol it is not its owner", async () => {
    await ownership.take("node-1");
    await write();
    const before = await stores.findNode(store.db, "node-1");
    const enrolled = { ...node.row(), token: "another" };
    const also = async (step: stores.Database) => {
      await stores.renewEnrolment(step, enrolled, node.id, null);
      return [];
    };
    const unknown = { ...affirming, state: "unknown" } as const;
    const by = { verifier: "other", verdict: unknown, canisters: undefined, others: unknown, also };
    await expect(write(by)).rejects.toMatchObject({ code: "owned-elsewhere" });
    expect(await stores.findNode(store.db, "node-1")).toEqual(before);
    expect(await stands()).toEqual(["affirming: -", "contraindicated: -", "affirming: -"]);
  });

  it("cannot be so by what was permitted before it was revoked: tokens of its name, and enrolments that were begun", async () => {
    await token("of its name", "node-1");
    await token("of another name", "node-2");
    await token("of any name", null);
    await begun("before");
    await administration.revoke({ name: "node-1", tenant: "acme" }, "stolen", ann);
    const tokens = ["of its name", "of another name", "of any name"];
    expect(await Promise.all(tokens.map(isUsable))).toEqual([false, true, true]);
    await expect(answer("before")).rejects.toMatchObject({ code: "not-found" });
    expect(await stands()).toEqual(revokedAs("stolen"));
  });

  it("can be so by what was permitted afterwards, and begins from nothing: its TPM may have been cleared", async () => {
    expect((await ownership.take("node-1"))?.accepted?.clock).toMatchObject({ clock: 8n });
    await token("later", "node-1");
    expect(await isUsable("later")).toBe(true);
    await begun("later");
    await answer("later");
    expect(await stands()).toEqual(["unknown: -", `unknown: ${ANEW}`, `unknown: ${ANEW}`]);
    expect((await ownership.take("node-1"))?.accepted).toBeUndefined();
  });

  it.each([
    ["revoked", "stolen"],
    ["revoked once more", "stolen again"],
    ["revoked by a clock that is behind that of its beginning", "stolen a third time", 3600],
  ])(
    "is not by an answer that was taken before it was %s, and would be written after it",
    async (_, why, ahead = 0) => {
      const owned = (await ownership.take("node-1")) as OwnedNode;
      let goOn = () => {};
      const isBusy = new Promise<void>((resolve) => (goOn = resolve));
      const busy = owned.alone(() => isBusy);
      await begun(why, new Date(Date.now() + ahead * 1000));
      const revoked = administration.revoke({ name: "node-1", tenant: "acme" }, why, ann);
      const answered = answer(why).catch((fault: unknown) => fault);
      // The answer ends the enrolment before it waits for its turn.
      await expect
        .poll(() => store.db.selectFrom("enrolments").select("id").where("id", "=", why).execute())
        .toEqual([]);
      goOn();
      await Promise.all([busy, revoked]);
      expect(await answered).toMatchObject({
        code: "conflict",
        message: expect.stringContaining("expected an enrolment that began after node-1 was revoked") as string,
      });
      expect(await stands()).toEqual(revokedAs(why));
    },
  );
});
