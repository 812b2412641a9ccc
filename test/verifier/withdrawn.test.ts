/** A contour that is withdrawn counts no longer, also where a person had put it, or a trusted key has signed it. */
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { preAuthenticated, STATEMENT, writeStatement } from "@isoline/core/verify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLICY_TYPE, REFERENCES_TYPE } from "../../packages/attest/src/appraise/index.ts";
import { canisterSample } from "../attest/samples.ts";
import { contour, digest, narrow, narrowReference, narrowState, published } from "../forgery/published.ts";
import { FleetLog } from "./logged.ts";
import { OPERATOR, Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const state = Buffer.from(published.state).toString("hex");
const web = { name: "web", contour: "04".repeat(32), state: "05".repeat(32) };
const small = { name: "small", contour: digest, state };

describe.each(["without a log", "with a log"])("a contour that is withdrawn, %s", (which) => {
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  const node = new SoftwareNode("node-1");
  const canisters = [canisterSample("web", published)];
  const name = (contours: readonly object[], version: number) =>
    rig.rules(samplePolicy({ version }), { references: 1, contours });
  const put = async () => (await rig.call("PUT", `/v1/contours/${digest}`, { body: contour })).status;
  const judged = async () => (await rig.attest(node, { canisters })).body.canisters;

  beforeAll(async () => {
    await log.begun;
    await rig.enrol([node]);
    await rig.start(which === "with a log" ? { log: log.configuration } : {});
  });
  afterAll(() => rig.close());

  it("counts while reference values name it", async () => {
    expect(await put()).toBe(201);
    await name([web, small], 1);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it("still counts when one of two files that name it does so no more", async () => {
    const file = (contours: readonly object[]) =>
      rig.call("PUT", "/v1/references/more", { body: JSON.stringify({ references: 1, contours }) });
    expect((await file([small])).status).toBe(204);
    expect((await file([])).status).toBe(204);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it("counts no longer from the next evidence on", async () => {
    await name([web], 2);
    expect(await judged()).toMatchObject([{ state: "contraindicated", failure: "unknown-contour" }]);
    // The canister still names it, so it is kept for show.
    expect((await rig.get<string>(`/v1/contours/${digest}`)).status).toBe(200);
  });

  it("stays so where it is put for reference values that name it no more", async () => {
    const { status, body } = await rig.call("PUT", `/v1/contours/${digest}?named=true`, { body: contour });
    expect([status, body]).toMatchObject([409, { error: { code: "conflict" } }]);
    expect(await judged()).toMatchObject([{ state: "contraindicated", failure: "unknown-contour" }]);
  });

  it("counts again when a person puts it anew", async () => {
    expect(await put()).toBeLessThan(300);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it("counts no longer when a person withdraws it, though no reference values name it", async () => {
    expect((await rig.call("DELETE", `/v1/contours/${digest}`)).status).toBe(204);
    expect(await judged()).toMatchObject([{ state: "contraindicated", failure: "unknown-contour" }]);
  });

  it.runIf(which === "with a log")("is stated as what came, went and came again", async () => {
    await rig.stop();
    const stated = log
      .statements()
      .flatMap((one) =>
        (one.kind === "publish-contour" || one.kind === "withdraw-contour") && one.digest === digest
          ? [`${one.kind} ${one.name ?? "by a person"}`]
          : [],
      );
    expect(stated).toEqual([
      "publish-contour by a person",
      "withdraw-contour by a person",
      "publish-contour small",
      "withdraw-contour small",
      "publish-contour by a person",
      "withdraw-contour by a person",
    ]);
  });

  it("has not made the verifier fail", () => {
    expect(rig.failures).toEqual([]);
  });
});

describe("a contour that a trusted key has signed, and that is withdrawn", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const owner = generateKeyPairSync("ed25519");
  const payload = writeStatement("small.contour", { digest, images: [] });
  const sig = sign(null, preAuthenticated(STATEMENT, payload), owner.privateKey).toString("base64");
  const envelope = { payloadType: STATEMENT, payload: Buffer.from(payload).toString("base64"), signatures: [{ sig }] };
  const signature = Uint8Array.from(Buffer.from(JSON.stringify(envelope)));
  const signed = canisterSample("web", { ...published, signature });
  const other = canisterSample("web", {
    ...{ contour: Uint8Array.from(Buffer.from(narrowReference.contour, "hex")), state: narrowState, started: 1 },
  });
  const unknown = [{ state: "contraindicated", failure: "unknown-contour" }];
  const judged = async (canister = signed) => (await rig.attest(node, { canisters: [canister] })).body.canisters;
  const sent = async (which: string, body: Uint8Array) =>
    (await rig.call("PUT", `/v1/contours/${which}`, { token: node.token, body })).status;
  const withdrawn = async (token?: string) =>
    (await rig.call("DELETE", `/v1/contours/${digest}`, token === undefined ? {} : { token })).status;
  let version = 0;
  const name = (contours: readonly object[]) =>
    rig.rules(samplePolicy({ version: ++version }), { references: 1, contours });

  beforeAll(async () => {
    rig.trustsSigner(owner.publicKey);
    await rig.enrol([node]);
    await rig.start();
    await name([]);
  });
  afterAll(() => rig.close());

  it("counts by its signature, once a node has sent it", async () => {
    expect(await judged()).toMatchObject([{ state: "unverifiable", failure: "incomplete" }]);
    expect(await sent(digest, contour)).toBe(201);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it("counts no longer when reference values named it and name it no more, though its signature is as good as before", async () => {
    await name([small]);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
    await name([]);
    expect(await judged()).toMatchObject(unknown);
  });

  it("counts no longer either when it was forgotten and is sent again, or the verifier was started anew", async () => {
    expect(await judged(other)).toMatchObject(unknown);
    expect(await sent(narrowReference.contour, narrow)).toBe(201);
    expect((await rig.get(`/v1/contours/${digest}`)).status).toBe(404);
    expect(await judged()).toMatchObject(unknown);
    expect(await sent(digest, contour)).toBe(201);
    expect(await judged()).toMatchObject(unknown);
    await rig.stop();
    await rig.start();
    expect(await judged()).toMatchObject(unknown);
  });

  it("counts again when reference values name it, and is then withdrawn by those alone", async () => {
    await name([small]);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
    expect(await rig.call("DELETE", `/v1/contours/${digest}`)).toMatchObject({
      status: 409,
      body: {
        error: { message: expect.stringMatching(/^expected a contour that no reference values name, got "small"/) },
      },
    });
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
  });

  it("counts again when a person puts it, and no longer when one withdraws it; who is of one tenant may not", async () => {
    await name([]);
    expect((await rig.call("PUT", `/v1/contours/${digest}`, { body: contour })).status).toBeLessThan(300);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
    expect(await withdrawn(OPERATOR)).toBe(403);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
    expect(await withdrawn()).toBe(204);
    expect(await judged()).toMatchObject(unknown);
    const { body } = await rig.get<{ items: object[] }>("/v1/audit?limit=1");
    expect(body.items).toMatchObject([{ who: "ann", act: "withdraw contour", object: digest }]);
  });

  it("has not made the verifier fail", () => {
    expect(rig.failures).toEqual([]);
  });
});

describe("a contour that reference values named whose signer is trusted no longer", () => {
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  const node = new SoftwareNode("node-1");
  const canisters = [canisterSample("web", published)];
  const keys = { old: generateKeyPairSync("ed25519"), new: generateKeyPairSync("ed25519") };
  const keyFile = (which: keyof typeof keys) => join(rig.place, "trust/policy-signers", `${which}.pub`);
  const put = async (path: string, payloadType: string, which: keyof typeof keys, file: object) => {
    const payload = Buffer.from(JSON.stringify(file));
    const sig = sign(null, preAuthenticated(payloadType, payload), keys[which].privateKey).toString("base64");
    const body = JSON.stringify({ payloadType, payload: payload.toString("base64"), signatures: [{ sig }] });
    return (await rig.call("PUT", path, { body })).status;
  };
  const name = (which: keyof typeof keys, contours: readonly object[]) =>
    put("/v1/references/all", REFERENCES_TYPE, which, { references: 1, contours });
  const judged = async () => (await rig.attest(node, { canisters })).body.canisters;

  beforeAll(async () => {
    mkdirSync(join(rig.place, "trust/policy-signers"), { mode: 0o700 });
    for (const which of ["old", "new"] as const)
      writeFileSync(keyFile(which), keys[which].publicKey.export({ type: "spki", format: "pem" }), { mode: 0o600 });
    await log.begun;
    await rig.enrol([node]);
    await rig.start({ log: log.configuration });
  });
  afterAll(() => rig.close());

  it("counts no longer once other ones come in the place of those, though a person had put it", async () => {
    expect(await put("/v1/policies/default", POLICY_TYPE, "new", samplePolicy())).toBe(204);
    expect((await rig.call("PUT", `/v1/contours/${digest}`, { body: contour })).status).toBe(201);
    expect(await name("old", [web, small])).toBe(204);
    expect(await judged()).toMatchObject([{ state: "affirming" }]);
    await rig.stop();
    rmSync(keyFile("old"));
    await rig.start({ log: log.configuration });
    expect(await name("new", [web])).toBe(204);
    expect(await judged()).toMatchObject([{ state: "contraindicated", failure: "unknown-contour" }]);
    await rig.stop();
    const stated = log.statements().filter(({ kind }) => kind === "withdraw-contour");
    // First for any image, when reference values named it; then for all.
    expect(stated).toMatchObject([
      { name: undefined, digest },
      { name: "small", digest },
    ]);
  });

  it("has not made the verifier fail", () => {
    expect(rig.failures).toEqual([]);
  });
});
