/** A node that is given back and comes anew while work on it waits: the work is done on the one that answers from then on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as afterThis } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeAnswer } from "../../packages/attest/src/enrol/index.ts";
import { Administration } from "../../packages/verifier/src/fleet/administration.ts";
import { Enrolment } from "../../packages/verifier/src/fleet/enrolment.ts";
import { Epochs } from "../../packages/verifier/src/fleet/epochs.ts";
import type { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import type { OwnedNode } from "../../packages/verifier/src/fleet/owned-node.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import { Pace } from "../../packages/verifier/src/fleet/pace.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import { Watch } from "../../packages/verifier/src/fleet/watch.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { losingAnswers } from "./losing.ts";
import { SoftwareNode } from "./software-node.ts";

const secret = Buffer.alloc(32, 9);
const trusted = { policySigners: [], contourSigners: [] } as unknown as Trusted;
const affirming = { state: "affirming", failure: null, why: null } as const;
const HOUR_MS = 3_600_000;
const pace = new Pace({ due: 20, dueAtMost: 20, stale: 60 });

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

describe("a node that comes anew while work on it waits", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-come-anew-"));
  const node = new SoftwareNode("node-1");
  /** Held however long this machine stands still. */
  const lease = { id: "v1", isHeld: true } as Lease;
  let store: stores.Connection;
  let ownership: Ownership;
  let enrolment: Enrolment;
  let administration: Administration;
  const administrationOver = (db: stores.Database) => {
    const epochs = new Epochs(store.urgent, lease, () => Promise.reject(new Error("signs nothing")));
    return new Administration(db, ownership, new Rules(store.db, trusted), epochs);
  };
  const stands = async () => (await stores.findNode(store.db, "node-1"))?.state;

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    await stores.beginLease(store.db, lease.id, "host", 600);
    ownership = new Ownership(store.db, lease, () => undefined);
    enrolment = new Enrolment(store.db, new Rules(store.db, trusted), ownership);
    administration = administrationOver(store.db);
  });
  afterAll(async () => {
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });
  beforeEach(async () => {
    ownership.forgetAll();
    await store.db.deleteFrom("nodes").execute();
    await stores.insertNode(store.db, node.row());
    await stores.claimNode(store.db, "node-1", lease.id);
    const write = { node: "node-1", verifier: lease.id, at: new Date(), verdict: affirming, columns: {} };
    await stores.writeVerdict(store.db, { ...write, canisters: [] });
  });

  /** Begins work on the node in memory, and has it wait until the node has been given back and taken anew. */
  const waited = async (begin: (first: OwnedNode) => unknown) => {
    const first = (await ownership.take("node-1")) as OwnedNode;
    const [beforeThat, afterThat] = [gate(), gate()];
    void first.alone(() => beforeThat.opened);
    const released = ownership.release(`${lease.id} node-1`);
    void first.alone(() => afterThat.opened);
    begin(first);
    for (let turns = 0; turns < 5; turns++) await stores.findNode(store.db, "node-1");
    beforeThat.open();
    await released;
    const second = (await ownership.take("node-1")) as OwnedNode;
    return { first, second, goOn: afterThat.open };
  };

  it("is revoked in memory as well, so that none of its evidence is affirmed", async () => {
    let revoked: Promise<void> | undefined;
    const { first, second, goOn } = await waited(
      () => (revoked = administration.revoke({ name: "node-1", tenant: "acme" }, "stolen", { who: "ann" })),
    );
    goOn();
    await revoked;
    expect(second).not.toBe(first);
    expect([await stands(), second.state, ownership.present("node-1")?.state]).toEqual([
      "revoked",
      "revoked",
      "revoked",
    ]);
  });

  it("is not revoked where it is another tenant's by now than the person saw", async () => {
    const revoked = administration.revoke({ name: "node-1", tenant: "umbrella" }, "stolen", { who: "ann" });
    await expect(revoked).rejects.toMatchObject({ code: "not-found" });
    expect(await stands()).toBe("affirming");
  });

  it("is enrolled anew when work on the new one has ended, and neither is asked any more", async () => {
    const { name, tenant, labels, document, token: old } = node.row();
    const row = { id: "anew", name, tenant, labels, document, secret, replaces: node.id, begun: new Date() };
    await stores.writeEnrolment(store.db, row);
    let answered: Promise<unknown> | undefined;
    const begin = () => (answered = enrolment.answer("anew", writeAnswer({ node: node.id, secret })));
    const { second, goOn } = await waited(begin);
    const isBusy = gate();
    const tokenThen = second.alone(async () => {
      await isBusy.opened;
      return (await stores.findNode(store.db, "node-1"))?.token;
    });
    goOn();
    await afterThis();
    await stores.findNode(store.db, "node-1");
    isBusy.open();
    expect(await tokenThen).toBe(old);
    expect(await answered).toMatchObject({ name: "node-1", id: node.id });
    expect([await stands(), ownership.present("node-1")]).toEqual(["unknown", undefined]);
  });

  it("is not found silent by what was known of the one before", async () => {
    const watch = new Watch(new stores.VerdictQueue(store.db, () => 1), lease, ownership, pace);
    const { first, goOn } = await waited((one) => {
      one.silent -= HOUR_MS;
      watch.watch(one);
    });
    goOn();
    await first.alone(() => Promise.resolve());
    expect(await stands()).toBe("affirming");
  });

  it("is read anew where the store knows that it was revoked, and memory does not", async () => {
    const watch = new Watch(new stores.VerdictQueue(store.db, () => 1), lease, ownership, pace);
    const owned = (await ownership.take("node-1")) as OwnedNode;
    const revoked = { ...affirming, state: "revoked" } as const;
    const write = { node: "node-1", verifier: lease.id, at: new Date(), verdict: revoked, columns: {} };
    await stores.writeVerdict(store.db, { ...write, canisters: undefined, others: revoked });
    owned.silent -= HOUR_MS;
    watch.watch(owned);
    await expect.poll(() => ownership.present("node-1")).toBeUndefined();
    expect((await ownership.take("node-1"))?.state).toBe("revoked");
  });

  it("says nothing more from memory where it is not known whether its revocation was written", async () => {
    const lost = new Error("Connection terminated unexpectedly");
    const losing = losingAnswers(store.db, lost);
    const owned = (await ownership.take("node-1")) as OwnedNode;
    owned.imprint = "as written";
    owned.given = { digest: "of the last evidence", answer: "affirming" };
    owned.affirmed = { until: new Date(Date.now() + HOUR_MS), canisters: new Set() };
    await expect(
      administrationOver(losing).revoke({ name: "node-1", tenant: "acme" }, "stolen", { who: "ann" }),
    ).rejects.toBe(lost);
    expect(await stands()).toBe("revoked");
    // So the next evidence is news, and the store refuses it.
    expect([owned.imprint, owned.given, owned.affirmed]).toEqual([null, undefined, undefined]);
  });
});
