/** A verifier with a transparency log: what it states, once each, whenever it is killed. */
import { createHash } from "node:crypto";
import { chmodSync, cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { writeAnswer } from "../../packages/attest/src/enrol/index.ts";
import { lock } from "../../packages/linux/src/index.ts";
import type { Statement } from "../../packages/log/src/statement/index.ts";
import { DirectoryStore } from "../../packages/log/src/writer/index.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { canisterSample } from "../attest/samples.ts";
import * as published from "../forgery/published.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { FleetLog } from "./logged.ts";
import { VerifierProcess } from "./process.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const DIGEST = (byte: number) => Buffer.alloc(32, byte).toString("hex");
const ENROLMENT = "0f4b9f5e-2a55-4b7f-9c1e-1d2f3a4b5c6d";
const secret = Buffer.alloc(32, 9);
const rulesNow = (contours: readonly object[]) => ({ references: 1, contours });
const web = { name: "web", contour: DIGEST(4), state: DIGEST(5) };

describe("a verifier with a log", () => {
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  const [node, late] = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
  const configured = { log: log.configuration };
  const kinds = (statements: readonly Statement[]) => statements.map(({ kind }) => kind);

  beforeAll(async () => {
    await log.begun;
    await rig.enrol([node]);
    const store = await stores.openStore(rig.database);
    const { name, tenant, labels, document } = late.row();
    await stores.writeEnrolment(store.db, {
      id: ENROLMENT,
      name,
      tenant,
      labels,
      document,
      secret,
      replaces: null,
      begun: new Date(),
    });
    await store.close();
    await rig.start();
    await rig.rules();
    await rig.stop();
  });
  afterAll(() => rig.close());

  it("begins with what is in force: policies, reference values, contours, nodes; and the root of the hour", async () => {
    await rig.start(configured);
    await rig.stop();
    const statements = log.statements();
    expect(kinds(statements)).toEqual(["publish-policy", "publish-reference", "publish-contour", "enrolment", "root"]);
    expect(statements).toMatchObject([
      { number: 1, name: "default", version: 1, digest: sha256(JSON.stringify(samplePolicy())), signer: [] },
      { number: 2, name: "all" },
      { number: 3, name: "web", digest: DIGEST(4), state: DIGEST(5), image: [] },
      { number: 4, node: node.id, which: "first" },
      { number: 5, verdicts: 1, root: sha256(`\0${node.id} unknown -\n`) },
    ]);
    expect(log.findings()).toEqual([]);
  });

  it("states an enrolment, verdicts with the policy they stand under, a policy, and contours that come and go", async () => {
    await rig.start(configured);
    const text = writeAnswer({ node: late.id, secret });
    const joined = await rig.call("POST", `/v1/enrolments/${ENROLMENT}/answer`, { token: "", body: { answer: text } });
    expect(joined.status).toBe(200);
    await rig.attest(node);
    await rig.attest(node, { canisters: [bad] });
    await rig.rules(samplePolicy({ version: 2 }), rulesNow([{ ...web, contour: DIGEST(7), state: DIGEST(8) }]));
    expect((await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "sold" } })).status).toBe(200);
    await rig.stop();
    const policy = sha256(JSON.stringify(samplePolicy()));
    const statements = log
      .statements()
      .slice(5)
      .filter(({ kind }) => kind !== "root");
    expect(statements).toMatchObject([
      { kind: "enrolment", node: late.id, which: "first" },
      { kind: "change", node: node.id, label: undefined, from: "unknown", to: "affirming", policy },
      { kind: "change", node: node.id, from: "unknown", to: "affirming", policy },
      { kind: "change", node: node.id, from: "affirming", to: "contraindicated", class: "off-contour", policy },
      { kind: "publish-reference", name: "all" },
      { kind: "withdraw-contour", name: "web", digest: DIGEST(4) },
      { kind: "publish-contour", name: "web", digest: DIGEST(7), state: DIGEST(8) },
      { kind: "publish-policy", name: "default", version: 2 },
      { kind: "epoch", epoch: 1 },
      { kind: "change", node: node.id, from: "affirming", to: "revoked", policy: undefined },
      { kind: "change", node: node.id, from: "contraindicated", to: "revoked", policy: undefined },
    ]);
    const labels = statements.flatMap((one) => (one.kind === "change" ? [one.label] : []));
    expect([labels[1], labels[3]]).toEqual([labels[2], undefined]);
    expect(labels[1]).toMatch(/^[0-9a-f]{64}$/);
    expect(log.entries().join("")).not.toMatch(/node-1|node-2|label web|sold|open|passwd/);
    // What the reviewers did not sign is found; nothing else is.
    expect(log.findings()).toEqual(["widened-contour"]);
  });

  it("loses and doubles nothing that a process which was killed left: before the append, and behind it", async () => {
    const all = log.statements();
    const store = await stores.openStore(rig.database);
    const { size } = await store.db.selectFrom("log").selectAll().executeTakeFirstOrThrow();
    expect(await store.db.selectFrom("statements").selectAll().execute()).toEqual([]);
    // Killed before the append: the statement is in the outbox alone.
    await stores.state(store.db, [{ kind: "enrolment", node: DIGEST(1), which: "anew" }]);
    // Killed behind it: the log has the last three, and the database does not know.
    await store.db
      .updateTable("log")
      .set({ appended: all.length - 3, size: size - 3 })
      .execute();
    const again = log
      .entries()
      .slice(-3)
      .map((entry, place) => ({ number: all.length - 2 + place, entry: Buffer.from(entry) }));
    await store.db.insertInto("statements").values(again).execute();
    await store.close();
    await rig.start(configured);
    await rig.stop();
    expect(log.statements().map(({ number }) => number)).toEqual(
      Array.from({ length: all.length + 1 }, (_, at) => at + 1),
    );
    expect(log.statements().at(-1)).toMatchObject({ kind: "enrolment", node: DIGEST(1), which: "anew" });
  });

  it("lets no other process append while it runs, nor another verifier begin", async () => {
    await rig.start(configured);
    const before = log.committed();
    expect(() => new DirectoryStore(log.directory, (fd) => lock(fd, 0))).toThrow(/another process appends/);
    const second = new Rig();
    await expect(second.start(configured)).rejects.toThrow(/another process appends/);
    await second.close();
    expect(log.committed()).toBe(before);
    await rig.stop();
    await new DirectoryStore(log.directory, (fd) => lock(fd, 0)).close();
  });

  it("does not start with a log that was set back, or that is another one, or without one", async () => {
    const other = new FleetLog(rig.place, "other");
    await other.begun;
    await expect(rig.start({ log: other.configuration })).rejects.toThrow(
      /expected a log of \d+ entries, got 0: it was set back/,
    );
    await expect(rig.start({ log: { ...log.configuration, key: other.keyFile } })).rejects.toThrow(
      /signed by example\.com\/fleet/,
    );
    await expect(rig.start({ log: { ...log.configuration, directory: rig.place } })).rejects.toThrow(
      /expected a log in/,
    );
  });

  it("does not start where the database was set back, and its numbers would come a second time", async () => {
    const set = async (change: object) => {
      const store = await stores.openStore(rig.database);
      const row = await store.db.selectFrom("log").selectAll().executeTakeFirstOrThrow();
      await store.db.updateTable("log").set(change).execute();
      await store.close();
      return row;
    };
    const newest = await set({ last: 7, appended: 7, size: 7 });
    await expect(rig.start(configured)).rejects.toThrow(
      /expected statements up to 7 in the log, got \d+: the database was set back/,
    );
    await set(newest);
  });

  it("does not start either once a database that was set back has given the numbers again, without the log", async () => {
    const [store, dump, newest] = ["store", "dump", "newest"].map((name) => join(rig.place, name)) as [
      string,
      string,
      string,
    ];
    cpSync(store, dump, { recursive: true });
    chmodSync(dump, 0o700);
    await rig.start(configured);
    await rig.rules(samplePolicy({ version: 20 }), rulesNow([{ ...web, contour: DIGEST(7), state: DIGEST(8) }]));
    await rig.stop();
    renameSync(store, newest);
    renameSync(dump, store);
    await rig.start();
    for (const version of [21, 22, 23]) await rig.rules(samplePolicy({ version }));
    await rig.stop();
    const before = log.committed();
    await expect(rig.start(configured)).rejects.toThrow(
      /expected statement \d+ in the log as the database has it, got another: the database was set back/,
    );
    expect(log.committed()).toBe(before);
    rmSync(store, { recursive: true });
    renameSync(newest, store);
  });

  it.skipIf(!isCI || !isBuilt)(
    "has stated what it acknowledged, after it is killed and started again (CI; needs a build)",
    async () => {
      const nodes = Array.from({ length: 6 }, (_, number) => new SoftwareNode(`more-${number}`));
      await rig.enrol(nodes);
      const running = await VerifierProcess.start(rig.place, rig.configuration(configured));
      rig.at(running.address);
      const acknowledged = new Set<string>();
      const sending = nodes.map(async (one) => {
        if ((await rig.attest(one)).status === 200) acknowledged.add(one.id);
      });
      await Promise.race(sending);
      await running.end("SIGKILL");
      await Promise.allSettled(sending);
      expect(acknowledged.size).toBeGreaterThan(0);
      await rig.start(configured);
      const changes = () =>
        log.statements().flatMap((one) => (one.kind === "change" && one.label === undefined ? [one.node] : []));
      // The lease of the process that was killed has to run out first.
      const isStated = () => [...acknowledged].every((id) => changes().includes(id));
      await vi.waitUntil(isStated, { timeout: 30_000, interval: 200 });
      await rig.stop();
      expect(new Set(changes()).size + 1).toBe(changes().length);
      expect(log.findings()).toEqual(["widened-contour"]);
    },
    60_000,
  );
});

describe("a contour that a person puts, and that reference values name for an image", () => {
  const rig = new Rig();
  const later = new FleetLog(rig.place, "later");
  const image = [`sha256:${"a".repeat(64)}`];
  const named = { name: "small", contour: published.digest, state: DIGEST(5), images: image };
  const statedIn = (log: FleetLog) =>
    log
      .statements()
      .flatMap((one) =>
        one.kind === "publish-contour"
          ? [[one.name, ...one.image]]
          : one.kind === "withdraw-contour"
            ? [[one.name, "no longer"]]
            : [],
      );
  const put = () => rig.call("PUT", `/v1/contours/${published.digest}`, { body: published.contour });

  afterAll(() => rig.close());

  it("is stated for that image, and not for any, as it comes", async () => {
    const log = new FleetLog(rig.place);
    await log.begun;
    await rig.start({ log: log.configuration });
    await rig.rules(undefined, rulesNow([named]));
    expect((await put()).status).toBe(201);
    await rig.stop();
    expect(statedIn(log)).toEqual([["small", ...image]]);
  });

  it("is stated so, too, as a log begins", async () => {
    const store = await stores.openStore(rig.database);
    for (const table of ["statements", "root_hours", "log"] as const) await store.db.deleteFrom(table).execute();
    await store.close();
    await later.begun;
    await rig.start({ log: later.configuration });
    await rig.stop();
    expect(statedIn(later)).toEqual([["small", ...image]]);
  });

  it("is stated to count for any no longer, once reference values name it that was put before", async () => {
    await rig.start({ log: later.configuration });
    await rig.rules(samplePolicy({ version: 2 }), rulesNow([]));
    expect((await put()).status).toBeLessThan(300);
    await rig.rules(samplePolicy({ version: 3 }), rulesNow([named]));
    await rig.stop();
    expect(statedIn(later).slice(1)).toEqual([
      ...[["small", "no longer"], [undefined], [undefined, "no longer"], ["small", ...image]],
    ]);
  });
});
