/** A node that was revoked is refused whatever it asks for, and nothing that it sends is kept. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanisterInFull, Refusal } from "../../packages/verifier/src/http/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { contour, digest, published } from "../forgery/published.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

describe("a node that was revoked", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const refused = {
    status: 403,
    body: {
      error: { code: "not-allowed", message: "node-1 was revoked; enrol it anew, with a token made for its name" },
    },
  };
  const departure = { at: new Date().toISOString(), line: "web read /etc/shadow", refused: true, times: 1 };
  let challenge = "";

  beforeAll(async () => {
    await rig.enrol([node]);
    await rig.start();
    await rig.rules();
    await rig.attest(node, { canisters: [canisterSample("web", published)] });
    challenge = await rig.challenge(node);
    await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "stolen" } });
  });
  afterAll(() => rig.close());

  it.each([
    ["a challenge", () => rig.askChallenge(node)],
    ["a verdict", () => rig.send<Refusal>(node, challenge, node.evidence(Buffer.from(challenge, "hex")))],
    ["a verdict of a delta", () => rig.send<Refusal>(node, challenge, Buffer.from("a0", "hex"), "/delta")],
    [
      "its departures to be kept",
      () =>
        rig.call<Refusal>("POST", "/v1/nodes/node-1/departures", {
          ...{ token: node.token, body: { canister: "web", departures: [departure] } },
        }),
    ],
    ["an SVID", () => rig.call<Refusal>("POST", "/v1/nodes/node-1/svid", { token: node.token, body: {} })],
    [
      "its contour to be kept",
      () => rig.call<Refusal>("PUT", `/v1/contours/${digest}`, { token: node.token, body: contour }),
    ],
  ] as const)("is refused where it asks for %s", async (_, ask) => {
    expect(await ask()).toMatchObject(refused);
  });

  it("sends departures and a contour, and the verifier keeps neither", async () => {
    const { body } = await rig.get<CanisterInFull>("/v1/nodes/node-1/canisters/web");
    expect(body).toMatchObject({ state: "revoked", departures: [] });
    expect((await rig.get(`/v1/contours/${digest}`)).status).toBe(404);
  });

  it("has not made the verifier fail", () => {
    expect(rig.failures).toEqual([]);
  });
});
