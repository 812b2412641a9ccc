/**
 * Evidence as a delta, by a node with a real TPM in software: the verdict is that of the whole, told by a second verifier that has the
 * same keys and gets whole evidence. What the verifier has not in memory, it asks for, and judges nothing before.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeNode } from "../../packages/attest/src/enrol/index.ts";
import {
  type Evidence,
  readDelta,
  readEvidence,
  writeDelta,
  writeEvidence,
} from "../../packages/attest/src/evidence/index.ts";
import { endorsementRsa } from "../../packages/attest/src/tpm/index.ts";
import { SentLogs } from "../../packages/isoline/src/fleet/sent-logs.ts";
import { tokenDigest } from "../../packages/verifier/src/fleet/index.ts";
import type { Node as NodeShown, Refusal, Result } from "../../packages/verifier/src/http/model.ts";
import { openStore } from "../../packages/verifier/src/store/index.ts";
import { insertNode } from "../../packages/verifier/src/store/nodes.ts";
import { needsSwtpm } from "../attest/swtpm.ts";
import { isCI } from "../support/machine.ts";
import { type Born, Node } from "../forgery/node.ts";
import { digest as contourDigest, published } from "../forgery/published.ts";
import { type Answer, Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const EMPTY = new Uint8Array();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const FULL = { status: 409, body: { error: { code: "full-log-needed" } } };
const who = { name: "node-1", token: `isn~node-1~${"A".repeat(43)}` };
const policy = samplePolicy({
  ledger: "required",
  bootLog: "required",
  imaList: "required",
  canisters: [{ label: "*" }],
});
const references = {
  references: 1,
  contours: [{ name: "small", contour: contourDigest, state: hex(published.state) }],
};

/** Sends evidence to a verifier as a node does. */
function post<T = Result>(rig: Rig, path: string, challenge: string, body: Uint8Array): Promise<Answer<T>> {
  const headers = { "isoline-challenge": challenge, "content-type": "application/cbor" };
  return rig.call<T>("POST", `/v1/nodes/${who.name}/attestations${path}`, { token: who.token, body, headers });
}

async function challengeOf(rig: Rig): Promise<string> {
  const path = `/v1/nodes/${who.name}/challenge`;
  return (await rig.call<{ challenge: string }>("GET", path, { token: who.token })).body.challenge;
}

const judged = ({ state, failure, why, canisters }: Result) => ({ state, failure, why, canisters });

describe.skipIf(!isCI || needsSwtpm)("evidence as a delta (CI; needs swtpm)", () => {
  const rig = new Rig();
  const beside = new Rig();
  const node = new Node();
  const other = new SoftwareNode("node-2");
  const sent = new SentLogs();
  let web: Born;
  let db: Born | undefined;
  let counters = { events: 10, departures: 0, refused: 0, lost: 0, untrusted: 0 };

  const make = async (challenge: string, change: Partial<Evidence> = {}): Promise<Evidence> => {
    const told = [node.told("web", web, { counters })];
    if (db !== undefined) told.unshift(node.told("db", db));
    return { ...(await node.evidence(bytes(challenge), told, { node: { made: Date.now() } })), ...change };
  };
  /** The next evidence to both: what it is to the one that has the logs is a delta. */
  const both = async (change: Partial<Evidence> = {}) => {
    const challenge = await challengeOf(rig);
    const evidence = await make(challenge, change);
    const whole = writeEvidence(evidence);
    const delta = sent.deltaOf(evidence, whole);
    const answer = await (delta === undefined
      ? post(rig, "", challenge, whole)
      : post(rig, "/delta", challenge, delta));
    sent.answered(evidence, answer.body.kept);
    const besides = await post(beside, "", challenge, whole);
    expect(besides.status).toBe(200);
    return { answer, besides, whole, delta };
  };

  beforeAll(async () => {
    await node.boot();
    web = await node.bear("web");
    const enrolled = new Date();
    const document = writeNode({
      id: node.id,
      attestationKey: node.key,
      endorsement: { public: endorsementRsa, certificate: Uint8Array.of(0) },
      enrolled: enrolled.toISOString(),
    });
    for (const one of [rig, beside]) {
      const store = await openStore(one.database);
      const row = { id: node.id, tenant: "acme", labels: {}, document, token: tokenDigest(who.token), enrolled };
      await insertNode(store.db, { name: who.name, ...row });
      await insertNode(store.db, other.row());
      await store.close();
    }
    await rig.start();
    await beside.start({ keys: join(rig.place, "keys") });
    for (const one of [rig, beside]) await one.rules(policy, references);
  });
  afterAll(async () => {
    await node.close();
    await beside.close();
    await rig.close();
  });

  it("comes whole at first; the answer says what is kept", async () => {
    const { answer, delta } = await both();
    expect(delta).toBeUndefined();
    expect(answer.body).toMatchObject({ state: "affirming", canisters: [{ label: "web", state: "affirming" }] });
    expect(answer.body.kept).toHaveLength(3);
  });

  it("is without the logs while nothing happens, and judged as the whole is", async () => {
    counters = { ...counters, events: 11 };
    const { answer, besides, whole, delta } = await both();
    const { bootLog, imaList, ledger } = readEvidence(whole);
    for (const log of [bootLog, imaList, ledger] as Uint8Array[])
      expect(Buffer.from(delta ?? []).includes(Buffer.from(log))).toBe(false);
    expect(answer).toMatchObject({ status: 200, body: { state: "affirming" } });
    expect(judged(answer.body)).toEqual(judged(besides.body));
    const evidenceOf = (ear: string) =>
      JSON.parse(Buffer.from(ear.split(".")[1] ?? "", "base64url").toString())["isoline.evidence"] as string;
    expect(evidenceOf(answer.body.ear)).toBe(evidenceOf(besides.body.ear));
  });

  it("has the records that were added, with a canister that was born and one that departed", async () => {
    db = await node.bear("db");
    const born = await both();
    expect(born.delta).toBeDefined();
    expect(born.answer.body.canisters).toMatchObject([{ state: "affirming" }, { state: "affirming" }]);
    expect(judged(born.answer.body)).toEqual(judged(born.besides.body));
    await node.record(web, { kind: "departure", process: 1, pid: 7, point: randomBytes(32) });
    counters = { ...counters, departures: 1, untrusted: 1 };
    const departed = await both();
    expect(departed.delta).toBeDefined();
    expect(departed.answer.body.canisters).toMatchObject([
      { label: "db", state: "affirming" },
      { label: "web", state: "contraindicated", failure: "off-contour" },
    ]);
    expect(judged(departed.answer.body)).toEqual(judged(departed.besides.body));
  });

  it("that is of a ledger which was cut is refused as the whole is, and so is one of another past", async () => {
    const cut = node.ledgerFile(node.ledger.slice(0, -1));
    for (const ledger of [cut, Uint8Array.of(...cut, ...cut), undefined]) {
      const { answer, besides, delta } = await both({ ledger });
      expect(delta).toBeDefined();
      expect(answer.body.state).not.toBe("affirming");
      expect(judged(answer.body)).toEqual(judged(besides.body));
    }
    const { answer } = await both();
    expect(answer.body.state).toBe("affirming");
  });

  it("with logs or a digest that are not those of its whole is refused, changes nothing, and the whole counts", async () => {
    const challenge = await challengeOf(rig);
    const evidence = await make(challenge);
    const whole = writeEvidence(evidence);
    const delta = readDelta(sent.deltaOf(evidence, whole) as Uint8Array);
    const before = (await rig.get<NodeShown>("/v1/nodes/node-1")).body;
    const { logs } = delta;
    const [first, ...others] = logs as [(typeof logs)[number], ...typeof logs];
    for (const wrong of [
      { ...delta, whole: Uint8Array.from(randomBytes(32)) },
      { ...delta, logs: [{ ...first, log: Uint8Array.from(randomBytes(32)) }, ...others] },
      { ...delta, logs: others },
      { ...delta, logs: [first, ...logs].slice(0, 3) },
      { ...delta, logs: [...others, first] },
      { ...delta, after: Uint8Array.of(...delta.after, 0) },
    ])
      expect(await post<Refusal>(rig, "/delta", challenge, writeDelta(wrong))).toMatchObject(FULL);
    expect(await post<Refusal>(rig, "/delta", challenge, whole)).toMatchObject({
      status: 400,
      body: { error: { code: "bad-evidence-format" } },
    });
    expect((await rig.get<NodeShown>("/v1/nodes/node-1")).body).toEqual(before);
    expect((await post(rig, "", challenge, whole)).body.state).toBe("affirming");
  });

  it("cannot name what another node sent", async () => {
    const challenge = await rig.challenge(other);
    const evidence = await make(await challengeOf(rig));
    const [log] = readDelta(sent.deltaOf(evidence, writeEvidence(evidence)) as Uint8Array).logs;
    const type = "isoline evidence delta 1";
    const body = writeDelta({ type, whole: log!.log, logs: [{ before: EMPTY, log: log!.log }], after: EMPTY });
    const headers = { "isoline-challenge": challenge };
    const path = `/v1/nodes/${other.name}/attestations/delta`;
    expect(await rig.call("POST", path, { token: other.token, body, headers })).toMatchObject(FULL);
    expect((await rig.get<string>("/metrics")).body).toMatch(/^isoline_verifier_kept_log_bytes [1-9]\d*$/m);
  });

  it("needs a challenge of this verifier, as the whole does", async () => {
    const challenge = hex(randomBytes(32));
    const evidence = await make(challenge);
    const delta = sent.deltaOf(evidence, writeEvidence(evidence)) as Uint8Array;
    expect(await post<Refusal>(rig, "/delta", challenge, delta)).toMatchObject({
      status: 409,
      body: { error: { code: "challenge-refused" } },
    });
  });

  it("is asked for whole by a verifier that was started anew, for the same challenge", async () => {
    const challenge = await challengeOf(rig);
    const evidence = await make(challenge);
    const whole = writeEvidence(evidence);
    const delta = sent.deltaOf(evidence, whole) as Uint8Array;
    await rig.stop();
    await rig.start();
    expect(await post<Refusal>(rig, "/delta", challenge, delta)).toMatchObject(FULL);
    const { body } = await post(rig, "", challenge, whole);
    expect(body.state).toBe("affirming");
    sent.answered(evidence, body.kept);
    const { answer, delta: next } = await both();
    expect(next).toBeDefined();
    expect(answer.body.state).toBe("affirming");
  });
});
