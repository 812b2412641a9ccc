/** Push attestation over HTTP, with the embedded store: what is affirmed, what turns red, and what it costs. */
import { createPublicKey, webcrypto } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyEar } from "../../packages/attest/src/appraise/index.ts";
import { readEvidence, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import { SentLogs } from "../../packages/isoline/src/fleet/sent-logs.ts";
import type {
  Canister,
  CanisterInFull,
  CanisterList,
  DryRun,
  Node,
  NodeList,
} from "../../packages/verifier/src/http/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { OPERATOR, Rig, samplePolicy, VIEWER } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

describe("a verifier", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const other = new SoftwareNode("node-2");
  const foreign = new SoftwareNode("node-3");

  beforeAll(async () => {
    await rig.enrol([node, other, [foreign, "umbrella"]]);
    await rig.start();
    await rig.rules();
  });
  afterAll(() => rig.close());

  it("said that it prepares its store, for which people wait", () => {
    expect(rig.noted).toEqual([expect.stringMatching(/^preparing the embedded store: /)]);
  });

  it("affirms a node and its canister, and signs the result", async () => {
    const { status, body } = await rig.attest(node);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { state: "affirming", canisters: [{ label: "web", state: "affirming" }], due: 60 },
    });
    const key = await webcrypto.subtle.importKey(
      "spki",
      createPublicKey(rig.earPublic).export({ type: "spki", format: "der" }),
      "Ed25519",
      false,
      ["verify"],
    );
    expect(await verifyEar(body.ear, key, new Date())).toMatchObject({
      submods: { node: { "ear.status": "affirming", "isoline.node": node.id } },
    });
    expect((await rig.get<Node>("/v1/nodes/node-1")).body).toMatchObject({
      state: "affirming",
      root: "tpm",
      canisters: { affirming: 1 },
    });
  });

  it("takes the next challenge from the last answer, and writes nothing where nothing changed", async () => {
    const first = await rig.attest(node);
    const before = (await rig.get<Node>("/v1/nodes/node-1")).body;
    let { challenge } = first.body;
    for (let round = 0; round < 5; round++) {
      const { status, body } = await rig.send(node, challenge, node.evidence(Buffer.from(challenge, "hex")));
      expect({ status, state: body.state }).toEqual({ status: 200, state: "affirming" });
      challenge = body.challenge;
    }
    const { lastSeen, due, ...after } = (await rig.get<Node>("/v1/nodes/node-1")).body;
    expect(before).toMatchObject(after);
    expect((lastSeen as string) > (before.lastSeen as string)).toBe(true);
    const { body: metrics } = await rig.get<string>("/metrics");
    expect(metrics).toContain('isoline_verifier_appraisals_total{state="affirming",news="true"} 1');
    expect(due).toBeDefined();
  });

  it("takes the next evidence without a log that it keeps, and asks for the whole where it has it no longer", async () => {
    const imaList = Uint8Array.from(Buffer.alloc(300, "a list that leads nowhere"));
    const sent = new SentLogs();
    const send = async (challenge: string) => {
      const evidence = { ...readEvidence(node.evidence(Buffer.from(challenge, "hex"))), imaList };
      const whole = writeEvidence(evidence);
      const delta = sent.deltaOf(evidence, whole);
      const answer = await rig.send(node, challenge, delta ?? whole, delta && "/delta");
      sent.answered(evidence, answer.body.kept);
      return { ...answer, spared: whole.length - (delta ?? whole).length };
    };
    const refused = { status: 200, body: { state: "unverifiable", failure: "broken-evidence" } };
    const first = await send(await rig.challenge(node));
    expect(first).toMatchObject({ ...refused, spared: 0 });
    const second = await send(first.body.challenge);
    expect(second).toMatchObject(refused);
    expect(second.spared).toBeGreaterThan(100);
    expect((await rig.attest(node)).body).toMatchObject({ state: "affirming" });
    expect(await send(await rig.challenge(node))).toMatchObject({
      status: 409,
      body: { error: { code: "full-log-needed" } },
    });
  });

  it("says which contours it has not", async () => {
    expect((await rig.attest(node)).body.need).toEqual([`contour:${"04".repeat(32)}`]);
  });

  it("turns a canister red that left its contour, with the reason, and green again", async () => {
    const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });
    expect((await rig.attest(other)).body.canisters).toMatchObject([{ state: "affirming" }]);
    const { body } = await rig.attest(other, { canisters: [bad] });
    expect(body).toMatchObject({
      state: "affirming",
      canisters: [{ label: "web", state: "contraindicated", failure: "off-contour" }],
    });
    const departure = { at: new Date().toISOString(), line: "web read /etc/shadow", refused: true, times: 1 };
    const told = await rig.call("POST", "/v1/nodes/node-2/departures", {
      token: other.token,
      body: { canister: "web", departures: [departure] },
    });
    expect(told.status).toBe(204);
    const { body: one } = await rig.get<CanisterInFull>("/v1/nodes/node-2/canisters/web");
    expect(one).toMatchObject({
      state: "contraindicated",
      why: expect.stringContaining("expected") as string,
      contourName: "web",
      departures: [departure],
      history: [{ state: "contraindicated", failure: "off-contour" }, { state: "affirming" }],
    });
    const anew = canisterSample("web", { started: 1_789_999_000_001 });
    expect((await rig.attest(other, { canisters: [anew] })).body.canisters).toMatchObject([{ state: "affirming" }]);
  });

  it("turns a node red whose register was forged, and its canisters count no longer", async () => {
    const registers = Array.from({ length: 16 }, () => new Uint8Array(32));
    const { body } = await rig.attest(other, { registers });
    expect(body).toMatchObject({ state: "unverifiable", failure: "broken-evidence", canisters: [] });
    expect((await rig.get<{ items: Canister[] }>("/v1/nodes/node-2/canisters")).body.items).toMatchObject([
      { state: "unverifiable" },
    ]);
    expect(
      (await rig.attest(other, { canisters: [canisterSample("web", { started: 1_789_999_000_002 })] })).body.state,
    ).toBe("affirming");
  });

  it("gives the same answer to the same evidence, and refuses older evidence", async () => {
    const challenge = await rig.challenge(node);
    const evidence = node.evidence(Buffer.from(challenge, "hex"), { clock: 900_000n });
    const first = await rig.send(node, challenge, evidence);
    const again = await rig.send(node, challenge, evidence);
    expect(again.body).toMatchObject({ state: "affirming", ear: first.body.ear });
    const { body } = await rig.send(node, challenge, node.evidence(Buffer.from(challenge, "hex"), { clock: 899_999n }));
    expect(body).toMatchObject({ state: "contraindicated", failure: "rollback" });
    expect((await rig.attest(node, { clock: 900_001n })).body.state).toBe("affirming");
  });

  it("keeps no answer of megabytes: the same evidence is refused, and the next is judged", async () => {
    const many = Array.from({ length: 400 }, (_, at) => canisterSample(`web-${at}`));
    const challenge = await rig.challenge(other);
    const evidence = other.evidence(Buffer.from(challenge, "hex"), { canisters: many });
    expect((await rig.send(other, challenge, evidence)).body).toMatchObject({ state: "affirming" });
    expect(await rig.send(other, challenge, evidence)).toMatchObject({
      status: 409,
      body: { error: { code: "challenge-refused" } },
    });
    expect((await rig.attest(other)).body.state).toBe("affirming");
  });

  it("refuses what is older than evidence of the node that it refused", async () => {
    const challenge = await rig.challenge(node);
    const older = node.evidence(Buffer.from(challenge, "hex"), { clock: 900_002n });
    const skewed = await rig.attest(node, { clock: 900_003n, node: { made: 0 } });
    expect(skewed.body).toMatchObject({ state: "contraindicated" });
    expect((await rig.send(node, challenge, older)).body).toMatchObject({ failure: "rollback" });
    expect((await rig.attest(node, { clock: 900_004n })).body.state).toBe("affirming");
  });

  it("refuses a challenge of another node, and one that it did not make", async () => {
    const challenge = await rig.challenge(other);
    const refused = { status: 409, body: { error: { code: "challenge-refused" } } };
    expect(
      await rig.send(node, challenge, node.evidence(Buffer.from(challenge, "hex"), { clock: 900_010n })),
    ).toMatchObject(refused);
    const made = `01${"00".repeat(31)}`;
    expect(await rig.send(node, made, node.evidence(Buffer.from(made, "hex"), { clock: 900_020n }))).toMatchObject(
      refused,
    );
    expect((await rig.get<Node>("/v1/nodes/node-1")).body.state).toBe("affirming");
  });

  it("shows a tenant's people their tenant alone", async () => {
    await rig.attest(foreign);
    const { body } = await rig.get<NodeList>("/v1/nodes", VIEWER);
    expect(body.items.map(({ name }) => name)).toEqual(["node-1", "node-2"]);
    expect(body.counts).toMatchObject({ affirming: 2 });
    expect((await rig.get("/v1/nodes/node-3", VIEWER)).status).toBe(404);
    expect((await rig.get("/v1/nodes/node-3/canisters/web", VIEWER)).status).toBe(404);
    expect((await rig.get("/v1/nodes?tenant=umbrella", VIEWER)).status).toBe(403);
    expect((await rig.get<CanisterList>("/v1/canisters", VIEWER)).body.items.map((one) => one.tenant)).toEqual([
      "acme",
      "acme",
    ]);
    expect((await rig.get<NodeList>("/v1/nodes?tenant=umbrella")).body.items).toHaveLength(1);
  });

  it("lists page by page", async () => {
    const first = (await rig.get<NodeList>("/v1/nodes?limit=2")).body;
    const second = (await rig.get<NodeList>(`/v1/nodes?limit=2&cursor=${first.next ?? ""}`)).body;
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(["node-1", "node-2", "node-3"]);
    expect(second.next).toBeUndefined();
  });

  it("says what a policy would change, before it is in force", async () => {
    const strict = samplePolicy({ version: 2, canisters: [{ label: "*", register: "required" }] });
    const { body } = await rig.call<DryRun>("POST", "/v1/policies/default/dry-run", {
      token: OPERATOR,
      body: JSON.stringify(strict),
    });
    expect(body).toMatchObject({ red: 2, green: 0, same: 2 });
    expect(body.changes[0]).toMatchObject({ node: "node-1", label: "web", from: "affirming", to: "unverifiable" });
    expect((await rig.get<Node>("/v1/nodes/node-1")).body.canisters.affirming).toBe(1);
  });

  it("takes a policy once, and none that is older", async () => {
    const put = (policy: object, token?: string) =>
      rig.call("PUT", "/v1/policies/default", { token, body: JSON.stringify(policy) });
    expect((await put(samplePolicy({ version: 3 }), OPERATOR)).status).toBe(403);
    expect((await put(samplePolicy({ version: 3 }))).status).toBe(204);
    const acts = async () => (await rig.get<{ items: object[] }>("/v1/audit?limit=1000")).body.items.length;
    const before = await acts();
    expect((await put(samplePolicy({ version: 3 }))).status).toBe(204);
    expect(await acts()).toBe(before);
    expect((await put(samplePolicy({ version: 3, kernels: ["7.*"] }))).status).toBe(409);
    expect((await put(samplePolicy({ version: 2 }))).status).toBe(409);
    expect((await put(samplePolicy({ version: 4, name: "other" }))).status).toBe(400);
    expect((await put({ policy: 1 })).status).toBe(400);
  });

  /** The changes behind the one with this number, as they come. */
  const changesAfter = async (id: string | undefined, signal: AbortSignal) => {
    const headers = { authorization: `Bearer ${VIEWER}`, ...(id !== undefined && { "last-event-id": id }) };
    const changes = await fetch(`${rig.address}/v1/changes`, { headers, signal });
    return (changes.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  };

  it("sends changes as they happen, and goes on from where a reader was", async () => {
    const stop = new AbortController();
    const reader = await changesAfter("0", stop.signal);
    let text = "";
    const until = async (what: string) => {
      while (!text.includes(what)) text += (await reader.read()).value ?? "";
    };
    await until('"node":"node-1","from":"unknown","to":"affirming"');
    await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "sold" } });
    await until('"node":"node-1","from":"affirming","to":"revoked"');
    expect(text).not.toContain("node-3");
    expect(text).toMatch(/event: change\n/);
    stop.abort();
  });

  it("begins at the present for a reader that knows a later change than there is, and says so", async () => {
    const stop = new AbortController();
    const reader = await changesAfter("1000000", stop.signal);
    let text = "";
    while (!text.includes("data: {}")) text += (await reader.read()).value ?? "";
    expect(text).toMatch(/^: changes\n\nevent: reset\ndata: \{\}\nid: [1-9]\d{0,3}\n/);
    stop.abort();
  });

  it("does not affirm a node that was revoked, and writes down who did it", async () => {
    expect(await rig.attest(node)).toMatchObject({ status: 403, body: { error: { code: "not-allowed" } } });
    expect((await rig.get<Node>("/v1/nodes/node-1")).body).toMatchObject({ state: "revoked", why: "sold" });
    const { body } = await rig.get<{ items: object[] }>("/v1/audit?limit=1");
    expect(body.items).toMatchObject([{ who: "ann", act: "revoke", object: "node-1", detail: "sold" }]);
  });

  it("has revocations in the record of the node's tenant, whose operators read it, though a person of all tenants revoked it", async () => {
    const revoke = { body: { reason: "stolen" } };
    expect((await rig.call("POST", "/v1/nodes/node-3/revocation", revoke)).status).toBe(200);
    const { body } = await rig.get<{ items: object[] }>("/v1/audit", OPERATOR);
    expect(body.items).toMatchObject([{ who: "ann", act: "revoke", object: "node-1", detail: "sold" }]);
    const { body: all } = await rig.get<{ items: { object: string }[] }>("/v1/audit?limit=2");
    expect(all.items.map(({ object }) => object)).toEqual(["node-3", "node-1"]);
  });

  it("gives a reader a number to go on from before anything has changed", async () => {
    const stop = new AbortController();
    const reader = await changesAfter(undefined, stop.signal);
    let text = "";
    while (!/id: \d+\n/.test(text)) text += (await reader.read()).value ?? "";
    stop.abort();
    const [, id] = /event: begun\ndata: \{\}\nid: (\d+)\n/.exec(text) ?? [];
    // While no stream is there.
    await rig.call("POST", "/v1/nodes/node-2/revocation", { body: { reason: "lent" } });
    const again = new AbortController();
    const next = await changesAfter(id, again.signal);
    let told = "";
    while (!told.includes("event: change")) told += (await next.read()).value ?? "";
    again.abort();
    expect(told).toMatch(/"node":"node-2",[^\n]*"to":"revoked"/);
  });

  it("has not failed", () => {
    expect(rig.failures).toEqual([]);
  });
});
