/** Enrolment over HTTP by a real TPM: a token that is used once, the maker's certificate, the secret, and a first real quote. */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { nodeIdOf, readActivation, writeAnswer, writeRequest } from "../../packages/attest/src/enrol/index.ts";
import { readAnswer } from "../../packages/attest/src/enrol/index.ts";
import * as attest from "../../packages/isoline/src/attest/index.ts";
import { activate, requestOf } from "../../packages/isoline/src/attest/node-keys.ts";
import type { Enrolled, EnrolmentBegun, Node, Refusal, Result } from "../../packages/verifier/src/http/model.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { isInstalled } from "../support/machine.ts";
import { type Answer, Rig, samplePolicy } from "./rig.ts";

describe.skipIf(needsSwtpm || !isInstalled("swtpm_setup"))("enrolment (needs swtpm)", () => {
  const rig = new Rig();
  const software = new SoftwareTpm();
  let request = "";
  let enrolled: Enrolled;
  const host = join(rig.place, "host");
  const token = async (more: object = {}): Promise<string> => {
    const expires = new Date(Date.now() + 600_000).toISOString();
    const { body } = await rig.call<{ token: string }>("POST", "/v1/enrolment-tokens", {
      body: { tenant: "acme", expires, ...more },
    });
    return body.token;
  };
  const begin = <T = EnrolmentBegun>(told: string, name = "node-1", by = request): Promise<Answer<T>> =>
    rig.call<T>("POST", "/v1/enrolments", { token: "", body: { name, token: told, request: by } });
  const answer = <T = Enrolled>(enrolment: string, text: string): Promise<Answer<T>> =>
    rig.call<T>("POST", `/v1/enrolments/${enrolment}/answer`, { token: "", body: { answer: text } });
  const opened = async ({ challenge }: EnrolmentBegun): Promise<string> => {
    const activation = readActivation(Buffer.from(challenge));
    const secret = await software.using((tpm) => activate(tpm, activation.endorsement, activation));
    return writeAnswer({ node: activation.node, secret });
  };

  beforeAll(async () => {
    // A host of its own: evidence of this machine has the namespaces of the tests beside this one.
    mkdirSync(host, { mode: 0o700 });
    vi.stubEnv("ISOLINE_HOST_DIRECTORY", host);
    software.certify();
    await software.start();
    request = writeRequest(await software.using(requestOf));
    const makers = join(rig.place, "trust/makers");
    mkdirSync(makers);
    writeFileSync(join(makers, "all.pem"), software.authority().root + software.authority().issuer);
    await rig.start();
    await rig.rules(samplePolicy({ canisters: [] }));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rig.close();
    await software.close();
  });

  it("needs a token, of the name that it was made for", async () => {
    const refused = { status: 401, body: { error: { code: "unknown-caller" } } };
    expect(await begin<Refusal>("ise_none")).toMatchObject(refused);
    expect(await begin<Refusal>(await token({ name: "node-9" }))).toMatchObject({ status: 403 });
    expect(await begin<Refusal>(await token(), "node-1", "{}")).toMatchObject({
      status: 400,
      body: { error: { code: "bad-enrolment" } },
    });
  });

  it("uses a token up, also when two nodes come with it at the same time", async () => {
    const told = await token();
    const both = await Promise.all([begin<Refusal>(told, "one"), begin<Refusal>(told, "two")]);
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 401]));
    expect((await begin<Refusal>(told)).status).toBe(401);
  });

  it("is refused with another secret, and ends there", async () => {
    const { body } = await begin(await token());
    const right = await opened(body);
    const { node } = readAnswer(Buffer.from(right));
    const wrong = writeAnswer({ node, secret: new Uint8Array(32) });
    expect(await answer<Refusal>(body.enrolment, wrong)).toMatchObject({
      status: 400,
      body: { error: { code: "bad-enrolment" } },
    });
    expect(await answer<Refusal>(body.enrolment, right)).toMatchObject({ status: 404 });
  });

  it("gives the node that opened the secret a token of its own", async () => {
    const { body } = await begin(await token({ labels: { rack: "7" } }));
    const joined = await answer(body.enrolment, await opened(body));
    expect(joined).toMatchObject({
      status: 200,
      body: { name: "node-1", due: 60, nodeToken: expect.stringMatching(/^isn~node-1~/) as string },
    });
    enrolled = joined.body;
    expect((await rig.get<Node>("/v1/nodes/node-1")).body).toMatchObject({
      id: enrolled.node,
      labels: { rack: "7" },
      state: "unknown",
    });
  });

  it("and then evidence that its TPM quoted is affirmed", async () => {
    const challenge = Buffer.from(enrolled.challenge, "hex");
    const evidence = await attest.evidence({ challenge, tpm: software.address });
    const headers = { "isoline-challenge": enrolled.challenge, "content-type": "application/cbor" };
    const { status, body } = await rig.call<Result>("POST", "/v1/nodes/node-1/attestations", {
      token: enrolled.nodeToken,
      body: evidence,
      headers,
    });
    expect({ status, body }).toMatchObject({ status: 200, body: { state: "affirming" } });
    expect((await rig.get<Node>("/v1/nodes/node-1")).body).toMatchObject({ root: "tpm", state: "affirming" });
  });

  it("of a node that is there needs a token for its name, and ends the old token", async () => {
    expect(await begin<Refusal>(await token())).toMatchObject({ status: 409 });
    expect(await begin<Refusal>(await token(), "node-2")).toMatchObject({ status: 409 });
    expect(await begin<Refusal>(await token({ name: "node-1", tenant: "umbrella" }))).toMatchObject({ status: 409 });
    const { body } = await begin(await token({ name: "node-1" }));
    const again = await answer(body.enrolment, await opened(body));
    expect(again.status).toBe(200);
    expect((await rig.get("/v1/nodes/node-1/challenge", enrolled.nodeToken)).status).toBe(401);
    expect((await rig.get("/v1/nodes/node-1/challenge", again.body.nodeToken)).status).toBe(200);
  });

  it("of a node that is there keeps the label that chooses its policy, where the token has none", async () => {
    for (const labels of [{ policy: "default" }, { rack: "8" }]) {
      const { body } = await begin(await token({ name: "node-1", labels }));
      expect((await answer(body.enrolment, await opened(body))).status).toBe(200);
    }
    expect((await rig.get<Node>("/v1/nodes/node-1")).body.labels).toEqual({ policy: "default", rack: "8" });
  });

  it("of a node that was revoked needs a token that was made afterwards", async () => {
    const unused = await token({ name: "node-1" });
    const { body: waiting } = await begin(await token({ name: "node-1" }));
    const revocation = await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "stolen" } });
    expect(revocation.status).toBe(200);
    expect(await begin<Refusal>(unused)).toMatchObject({ status: 401, body: { error: { code: "unknown-caller" } } });
    expect((await answer<Refusal>(waiting.enrolment, await opened(waiting))).status).toBe(404);
    expect((await rig.get<Node>("/v1/nodes/node-1")).body).toMatchObject({ state: "revoked", why: "stolen" });
    const { body } = await begin(await token({ name: "node-1" }));
    expect((await answer(body.enrolment, await opened(body))).status).toBe(200);
    expect((await rig.get<Node>("/v1/nodes/node-1")).body.state).toBe("unknown");
  });

  it("of a node whose TPM was cleared, which has its key still, goes ahead after a revocation, and its evidence counts", async () => {
    const joined = async () => {
      const { body } = await begin(await token({ name: "node-1" }));
      return (await answer(body.enrolment, await opened(body))).body;
    };
    const attested = async ({ nodeToken, node }: Enrolled, asked?: string) => {
      const challenge = asked ?? (await challengeOf(nodeToken));
      const evidence = await attest.evidence({ challenge: Buffer.from(challenge, "hex"), tpm: software.address });
      const headers = { "isoline-challenge": challenge, "content-type": "application/cbor" };
      const told = { token: nodeToken, body: evidence, headers };
      const { body } = await rig.call<Result>("POST", "/v1/nodes/node-1/attestations", told);
      return { node, state: body.state, failure: body.failure };
    };
    const challengeOf = async (nodeToken: string) =>
      (await rig.get<{ challenge: string }>("/v1/nodes/node-1/challenge", nodeToken)).body.challenge;
    const before = await joined();
    const { node } = before;
    expect(await attested(before)).toEqual({ node, state: "affirming", failure: undefined });
    software.tool("tpm2_clear", "-c", "p");
    const rollback = { node, state: "contraindicated", failure: "rollback" };
    expect(await attested(before)).toEqual(rollback);
    expect(await attested(await joined())).toEqual(rollback);
    const earlier = await challengeOf((await joined()).nodeToken);
    expect((await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "cleared" } })).status).toBe(200);
    const anew = await joined();
    // What was said before counts no more: so it is not told once more either.
    expect(await attested(anew, earlier)).toMatchObject({ state: undefined });
    expect(await attested(anew)).toEqual({ node, state: "affirming", failure: undefined });
  });

  it("is for listed endorsement keys alone, where there is a list", async () => {
    await rig.stop();
    const list = join(rig.place, "trust/endorsements");
    writeFileSync(list, `${createHash("sha256").update("another").digest("hex")} # another\n`);
    await rig.start();
    expect(await begin<Refusal>(await token({ name: "node-1" }))).toMatchObject({
      status: 403,
      body: { error: { code: "not-allowed" } },
    });
    const { endorsements } = await software.using(requestOf);
    writeFileSync(list, endorsements.map((one) => nodeIdOf(one.public)).join("\n"));
    await rig.stop();
    await rig.start();
    expect((await begin(await token({ name: "node-1" }))).status).toBe(200);
    rmSync(list);
  });
});
