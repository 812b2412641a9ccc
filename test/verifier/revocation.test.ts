/** Revocation as a relying party sees it: results with an epoch and a short life, and the present epoch, signed and logged. */
import { createPublicKey, webcrypto } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { verifyEar, verifyEpoch } from "../../packages/attest/src/appraise/index.ts";
import { Administration } from "../../packages/verifier/src/fleet/administration.ts";
import { FairTurns } from "../../packages/verifier/src/fleet/fair-turns.ts";
import { FleetLog } from "./logged.ts";
import type { Refusal } from "../../packages/verifier/src/http/model.ts";
import { type Answer, OPERATOR, Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

interface Told {
  readonly epoch: number;
  readonly raised: string;
  readonly token: string;
}

describe("a relying party of a verifier", () => {
  const rig = new Rig();
  const [node, lost] = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
  const many = Array.from({ length: 14 }, (_, at) => new SoftwareNode(`many-${at}`));
  let key: webcrypto.CryptoKey;
  const now = () => new Date();
  const epoch = async () => (await rig.get<Told>("/v1/epoch", "")).body;
  const resultOf = async (whose: SoftwareNode) => (await rig.attest(whose)).body.ear;

  beforeAll(async () => {
    await rig.enrol([node, lost, ...many]);
    await rig.start({ due: 20, stale: 50 });
    await rig.rules();
    const spki = createPublicKey(rig.earPublic).export({ type: "spki", format: "der" });
    key = await webcrypto.subtle.importKey("spki", spki, "Ed25519", false, ["verify"]);
  });
  afterAll(() => rig.close());

  it("gets the present epoch without a token, signed, for a minute", async () => {
    const { status, body } = await rig.get<Told>("/v1/epoch", "");
    expect({ status, body }).toMatchObject({ status: 200, body: { epoch: 0 } });
    const told = await verifyEpoch(body.token, key, now());
    expect(told.epoch).toBe(0);
    expect(told.raised.toISOString().slice(0, 19)).toBe(body.raised.slice(0, 19));
    const late = new Date(told.until.getTime() + 1000);
    await expect(verifyEpoch(body.token, key, late)).rejects.toThrow(/"exp" claim timestamp check failed/);
  });

  it("gets results that end when the node would be stale, or sooner if the policy says so", async () => {
    const long = decodeJwt(await resultOf(node));
    expect((long.exp as number) - (long.iat as number)).toBe(50);
    await rig.rules(samplePolicy({ version: 2, validity: 7 }));
    const short = decodeJwt(await resultOf(node));
    expect((short.exp as number) - (short.iat as number)).toBe(7);
    await rig.rules(samplePolicy({ version: 3 }));
  });

  it("refuses what was signed before a revocation once it knows the epoch, and takes the next result of the others", async () => {
    const [before, stolen] = [await resultOf(node), await resultOf(lost)];
    expect(await verifyEar(stolen, key, now(), 0)).toMatchObject({ "isoline.epoch": 0 });
    expect((await rig.call("POST", "/v1/nodes/node-2/revocation", { body: { reason: "stolen" } })).status).toBe(200);
    const { epoch: known } = await verifyEpoch((await epoch()).token, key, now());
    expect(known).toBe(1);
    for (const old of [before, stolen])
      await expect(verifyEar(old, key, now(), known)).rejects.toMatchObject({
        code: "old-result",
        message: expect.stringContaining("expected a result of revocation epoch 1 or later, got one of 0") as string,
      });
    expect((await rig.attest(lost)).status).toBe(403);
    expect(await verifyEar(await resultOf(node), key, now(), known)).toMatchObject({ "isoline.epoch": 1 });
  });

  it("refuses an epoch that is older than the one it knows, one of another key, and a result in place of one", async () => {
    const { token } = await epoch();
    await expect(verifyEpoch(token, key, now(), 2)).rejects.toMatchObject({ code: "old-result" });
    const { publicKey } = (await webcrypto.subtle.generateKey("Ed25519", false, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    await expect(verifyEpoch(token, publicKey, now())).rejects.toThrow("signature verification failed");
    await expect(verifyEpoch(await resultOf(node), key, now())).rejects.toThrow(/unexpected "typ"/);
    await expect(verifyEar(token, key, now())).rejects.toThrow(/unexpected "typ"/);
  });

  it("finds the epoch in the log, and it is as high after the verifier was started anew", async () => {
    const log = new FleetLog(rig.place);
    await rig.stop();
    await rig.start({ log: log.configuration });
    expect((await epoch()).epoch).toBe(1);
    expect((await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "sold" } })).status).toBe(200);
    expect((await epoch()).epoch).toBe(2);
    await rig.stop();
    const epochs = log.statements().flatMap((one) => (one.kind === "epoch" ? [one.epoch] : []));
    expect(epochs).toEqual([1, 2]);
    expect(log.findings()).toEqual([]);
  });

  it("keeps its results where a node is revoked that was revoked before: the epoch is raised once for each", async () => {
    await rig.start();
    const known = (await epoch()).epoch;
    const again = await rig.call("POST", "/v1/nodes/node-2/revocation", { body: { reason: "still stolen" } });
    expect(again).toMatchObject({ status: 200, body: { state: "revoked" } });
    expect((await epoch()).epoch).toBe(known);
  });

  it("loses its results to people of one tenant ten times a minute at most, and to those of all as often as they must", async () => {
    const known = (await epoch()).epoch;
    const revoke = (one: SoftwareNode, token?: string) =>
      rig.call("POST", `/v1/nodes/${one.name}/revocation`, { body: { reason: "lost" }, ...(token && { token }) });
    const answers: Answer[] = [];
    // A revocation that was not written does not count.
    const gone = Object.assign(new Error("terminating connection"), { code: "57P01" });
    vi.spyOn(Administration.prototype, "revoke").mockRejectedValueOnce(gone);
    expect((await revoke(many[0] as SoftwareNode, OPERATOR)).status).toBe(503);
    // Within one moment, however long they take.
    const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now());
    // One that is revoked already counts as well: each is an act that is kept for good.
    const which = [...many.slice(0, 9), ...many.slice(0, 1), ...many.slice(9, 10), ...many.slice(0, 1)];
    for (const one of which) answers.push(await revoke(one, OPERATOR));
    clock.mockRestore();
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429]);
    expect(Number(answers[10]?.headers.get("retry-after"))).toBeGreaterThan(0);
    // On a slow machine the lease ran out beside a clock that stood still, and is given anew.
    for (const one of which) await expect.poll(async () => (await revoke(one)).status).toBe(200);
    expect((await epoch()).epoch).toBe(known + 10);
  });

  it.each([
    ["its tenant has so much waiting that its turn never comes", 12, "turn"],
    ["its evidence goes on and on", 13, "breath"],
  ] as const)("sees a node revoked whose evidence is on its way, also where %s", async (_, which, waiting) => {
    const busy = many[which] as SoftwareNode;
    const never = new Promise<void>(() => {});
    let begins = () => {};
    const begun = new Promise<void>((resolve) => (begins = resolve));
    const waits = () => {
      begins();
      return never;
    };
    const turns = vi
      .spyOn(FairTurns.prototype, waiting)
      .mockImplementation((waiting === "turn" ? waits : () => waits) as never);
    const sent = [rig.attest<Refusal>(busy), rig.attest<Refusal>(busy)];
    await begun;
    const revoked = await rig.call("POST", `/v1/nodes/${busy.name}/revocation`, { body: { reason: "lost" } });
    expect(revoked).toMatchObject({ status: 200, body: { state: "revoked" } });
    turns.mockRestore();
    // The one that waited is to be sent again; the other may have come after the revocation.
    const codes = (await Promise.all(sent)).map(({ body }) => body.error.code);
    expect(codes).toContain("owned-elsewhere");
    expect(["owned-elsewhere", "not-allowed"]).toEqual(expect.arrayContaining(codes));
    expect((await rig.attest(busy)).status).toBe(403);
  });

  it("has not made the verifier fail", () => {
    expect(rig.failures).toEqual([]);
  });
});
