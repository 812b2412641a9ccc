/** Nodes that are collected and retired while verifiers run, one or two beside each other: by the API, in the feed, in the log. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEvidence, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import type { Node, NodeList, Refusal } from "../../packages/verifier/src/http/model.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { FleetLog } from "./logged.ts";
import { NatsServer, needsNats } from "./nats-server.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { OPERATOR, Rig, VIEWER } from "./rig.ts";
import { statementIn } from "./set-clock.ts";
import { SoftwareNode } from "./software-node.ts";

const DAY_MS = 86_400_000;
const gone = (columns: object = {}) => ({ idle: new Date(Date.now() - 31 * DAY_MS), since: new Date(0), ...columns });
const namesAt = async (rig: Rig) => (await rig.get<NodeList>("/v1/nodes")).body.items.map(({ name }) => name);
const retire = <T = Node>(rig: Rig, name: string, token?: string, how = "") =>
  rig.call<T>("DELETE", `/v1/nodes/${name}${how}`, { token });
const refused = (status: number, code: string, message: string) => ({
  ...{ status, body: { error: { code, message: expect.stringContaining(message) as string } } },
});
const metric = async (rig: Rig, line: string) =>
  (await rig.get<string>("/metrics")).body.split("\n").find((one) => one.startsWith(line));

describe("a verifier whose nodes leave", () => {
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  const names = ["back", "dead", "live", "never", "revoked", "theirs"];
  const nodes = new Map(names.map((name) => [name, new SoftwareNode(name)]));
  const node = (name: string) => nodes.get(name) as SoftwareNode;
  const broker = new NatsServer(join(rig.place, "nats"));
  const told: { readonly node: string; readonly to: string }[] = [];
  const hook = createServer((request, response) => {
    void text(request).then((body) => {
      told.push(...(JSON.parse(body) as { changes: typeof told }).changes);
      response.writeHead(204).end();
    });
  });
  const toGone = () => told.flatMap((change) => (change.to === "gone" ? [change.node] : [])).sort();

  beforeAll(async () => {
    await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
    await log.begun;
    await rig.enrol(names.map((name) => [node(name), name === "theirs" ? "umbrella" : "acme"]));
    const store = await stores.openStore(rig.database);
    const { db } = store;
    const set = (name: string, columns: object) =>
      db.updateTable("nodes").set(columns).where("name", "=", name).execute();
    for (const name of ["back", "dead"])
      await set(name, gone({ state: "stale", failure: "unreachable", why: "silent" }));
    await set("never", gone());
    await set("revoked", gone({ state: "revoked" }));
    await store.close();
    writeFileSync(join(rig.place, "secret"), "s".repeat(32), { mode: 0o600 });
    const { port } = hook.address() as AddressInfo;
    const webhooks = [{ name: "pager", url: `http://127.0.0.1:${port}/`, secret: join(rig.place, "secret") }];
    if (!needsNats) await broker.start();
    const nats = !needsNats && { nats: { servers: broker.address } };
    await rig.start({ due: 2, stale: 20, collectAfter: 30, log: log.configuration, webhooks, ...nats });
    await rig.rules();
    for (const name of ["back", "live"]) await rig.attest(node(name));
  });
  afterAll(async () => {
    await rig.close();
    hook.close();
    await broker.stop("SIGKILL");
  });

  it("retires for an operator of the tenant, and for no viewer; the node of another tenant is not there", async () => {
    expect(await retire(rig, "theirs", VIEWER)).toMatchObject(refused(403, "not-allowed", "role operator"));
    expect(await retire(rig, "theirs", OPERATOR)).toMatchObject(refused(404, "not-found", "no node theirs"));
    expect(await retire(rig, "none")).toMatchObject(refused(404, "not-found", "no node none is enrolled"));
    expect(await retire(rig, "theirs")).toMatchObject({ status: 200, body: { name: "theirs", state: "unknown" } });
    expect(await retire(rig, "theirs")).toMatchObject(refused(404, "not-found", "no node theirs"));
  });

  it("retires a node that is alive only by force, and a revoked one never", async () => {
    expect(await retire(rig, "live", OPERATOR)).toMatchObject(refused(409, "conflict", "got live, which is affirming"));
    expect((await rig.attest(node("live"))).body.state).toBe("affirming");
    expect(await retire(rig, "live", OPERATOR, "?force=true")).toMatchObject({
      ...{ status: 200, body: { name: "live", state: "affirming", canisters: { affirming: 1 } } },
    });
    expect(await retire(rig, "revoked", OPERATOR, "?force=true")).toMatchObject(
      refused(409, "conflict", "a revocation is never forgotten"),
    );
    expect(await rig.askChallenge(node("live"))).toMatchObject(refused(401, "unknown-caller", "the token of a node"));
    expect((await rig.get("/v1/nodes/live")).status).toBe(404);
  });

  it("collects what was silent for too long, once each that lives had time to be heard", async () => {
    await expect.poll(() => namesAt(rig), { timeout: 60_000, interval: 500 }).toEqual(["back", "revoked"]);
    expect((await rig.attest(node("back"))).body.state).toBe("affirming");
    expect(await rig.askChallenge(node("dead"))).toMatchObject(refused(401, "unknown-caller", "the token of a node"));
    const { body } = await rig.get<NodeList>("/v1/nodes");
    expect([body.counts, body.canisters.stale]).toMatchObject([{ affirming: 1, stale: 0, unknown: 0, revoked: 1 }, 0]);
  });

  it("says so: in the record of acts of the tenant, to receivers of changes, and in its metrics", async () => {
    const { body } = await rig.get<{ items: { act: string; who: string; object: string }[] }>("/v1/audit", OPERATOR);
    expect(body.items.map(({ who, act, object }) => `${who}: ${act} ${object}`).sort()).toEqual([
      "ola: retire live",
      "the verifier: collect dead",
      "the verifier: collect never",
    ]);
    await expect.poll(toGone).toEqual(["dead", "live", "never", "theirs"]);
    expect(await metric(rig, 'isoline_verifier_gone_nodes_total{which="collected"}')).toMatch(/ 2$/);
    expect(await metric(rig, 'isoline_verifier_gone_nodes_total{which="retired"}')).toMatch(/ 2$/);
  });

  it.skipIf(needsNats)("says so to readers of NATS JetStream (needs nats-server)", async () => {
    const kept = async () => (await broker.kept()).filter(({ change }) => change.to === "gone");
    await expect.poll(async () => (await kept()).map(({ change }) => change.node).sort()).toEqual(toGone());
  });

  it("tells a page that follows, of its own tenant alone", async () => {
    const headers = { authorization: `Bearer ${VIEWER}`, "last-event-id": "0" };
    const stop = new AbortController();
    const { body } = await fetch(`${rig.address}/v1/changes`, { headers, signal: stop.signal });
    let events = "";
    for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
      events += Buffer.from(piece).toString();
      if (events.match(/"to":"gone"/g)?.length === 3) break;
    }
    stop.abort();
    expect(events).toContain('"node":"live","from":"affirming","to":"gone","why":"an operator retired it');
    expect(events).not.toContain("theirs");
  });

  it("states each, and a monitor finds nothing wrong", async () => {
    await rig.stop();
    const stated = log
      .statements()
      .flatMap((one) => (one.kind === "withdraw-enrolment" ? [[one.node, one.which]] : []));
    expect(Object.fromEntries(stated)).toEqual({
      ...{ [node("theirs").id]: "retired", [node("live").id]: "retired" },
      ...{ [node("dead").id]: "collected", [node("never").id]: "collected" },
    });
    expect(log.findings()).toEqual([]);
    expect(rig.failures).toEqual([]);
  });
});

describe.skipIf(needsPostgres)("two verifiers whose nodes leave (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  const rigs = [new Rig(), new Rig()] as const;
  const [one, two] = rigs;
  const nodes = Array.from({ length: 12 }, (_, at) => new SoftwareNode(`node-${at + 10}`));
  const [first] = nodes as [SoftwareNode];
  const owned = (rig: Rig) => metric(rig, "isoline_verifier_owned_nodes");
  let store: stores.Connection;

  beforeAll(async () => {
    await server.start();
    server.create("fleet");
    await one.enrol(nodes, server.address("fleet"));
    store = await stores.openStore(server.address("fleet"));
    for (const rig of rigs)
      await rig.start({
        ...{ database: server.address("fleet"), keys: join(one.place, "keys"), due: 1, stale: 4, collectAfter: 30 },
      });
    await one.rules();
  });
  afterAll(async () => {
    await store.close();
    for (const rig of rigs) await rig.close();
    await server.close();
  });

  it("let a node that one of them owns be retired at the other, and neither knows it from the answer on", async () => {
    expect((await two.attest(first)).body.state).toBe("affirming");
    expect(await owned(two)).toBe("isoline_verifier_owned_nodes 1");
    expect((await retire(one, first.name, undefined, "?force=true")).status).toBe(200);
    for (const rig of rigs) {
      expect(await owned(rig)).toBe("isoline_verifier_owned_nodes 0");
      expect(await rig.attest<Refusal>(first).catch((fault: Error) => fault.message)).toContain("unknown-caller");
    }
  });

  it("keep no logs of a node either, also where another took it over before it was retired", async () => {
    const [, second] = nodes as [SoftwareNode, SoftwareNode];
    const logs = () => metric(two, "isoline_verifier_kept_log_bytes");
    const challenge = await two.challenge(second);
    const evidence = readEvidence(second.evidence(Buffer.from(challenge, "hex")));
    const sent = await two.send(
      second,
      challenge,
      writeEvidence({ ...evidence, imaList: new Uint8Array(200).fill(7) }),
    );
    expect([sent.status, await logs()]).toEqual([200, "isoline_verifier_kept_log_bytes 200"]);
    expect((await retire(one, second.name, undefined, "?force=true")).status).toBe(200);
    await expect.poll(logs).toBe("isoline_verifier_kept_log_bytes 0");
  });

  it("take nodes over while what they collect waits for the database", async () => {
    const { db } = store;
    const fresh = new SoftwareNode("fresh");
    const owner = async () => (await stores.findNode(db, fresh.name))?.owner ?? "none";
    await db.transaction().execute(async (step) => {
      await statementIn(step, "lock table changes in share mode");
      const waiting = async () => {
        // A transaction that is silent for long ends.
        await statementIn(step, "select 1");
        const locks = "select 'it waits' as here from pg_locks where relation = 'changes'::regclass and not granted";
        return server.say(server.ownerAddress("fleet"), locks).match(/it waits/g)?.length;
      };
      await expect.poll(waiting, { timeout: 30_000 }).toBe(rigs.length);
      await stores.insertNode(db, fresh.row());
      await db.updateTable("nodes").set({ state: "affirming" }).where("name", "=", fresh.name).execute();
      await expect.poll(owner, { timeout: 15_000 }).not.toBe("none");
    });
    await db.deleteFrom("nodes").where("name", "=", fresh.name).execute();
  });

  it("collect each node once, or keep it whole where it sends evidence in that moment", async () => {
    const rest = nodes.slice(2);
    for (const [at, each] of rest.entries()) await (rigs[at % 2] as Rig).attest(each);
    const states = async () => (await stores.nodeCounts(store.db, { tenant: "acme" })).stale;
    await expect.poll(states, { timeout: 30_000 }).toBe(rest.length);
    await store.db.updateTable("nodes").set(gone()).execute();
    const outcomes = await Promise.all(
      rest.map(async (each, at) => {
        // Some when it is due, some in between, some when it is too late.
        await new Promise((resolve) => setTimeout(resolve, at * 250));
        const answer = await (rigs[at % 2] as Rig).attest<unknown>(each).catch(() => undefined);
        return { name: each.name, isKept: answer?.status === 200 };
      }),
    );
    const kept = outcomes.flatMap(({ name, isKept }) => (isKept ? [name] : []));
    const present = await store.db.selectFrom("nodes").select("name").orderBy("name").execute();
    expect(present.map(({ name }) => name)).toEqual(kept);
    const ended = (await stores.changesAfter(store.db, 0, 10_000)).filter(({ after }) => after === "gone");
    const collected = outcomes.flatMap(({ isKept, name }) => (isKept ? [] : [name]));
    expect(ended.map((change) => change.node).sort()).toEqual(
      [...nodes.slice(0, 2).map(({ name }) => name), ...collected].sort(),
    );
    expect(collected.length).toBeGreaterThan(0);
    const canisters = await store.db.selectFrom("canisters").select("node").orderBy("node").execute();
    expect(canisters.map((row) => row.node)).toEqual(kept);
    expect(rigs.flatMap(({ failures }) => failures)).toEqual([]);
  });
});
