/** A contour that counts because a trusted key signed it, for some images only, where no rule demands a signature. */
import { generateKeyPairSync, sign } from "node:crypto";
import { preAuthenticated, STATEMENT, writeStatement } from "@isoline/core/verify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canisterSample } from "../attest/samples.ts";
import { contour, digest, published } from "../forgery/published.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const image = (digit: string) => `sha256:${digit.repeat(64)}`;

describe("a contour that is signed for images", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const owner = generateKeyPairSync("ed25519");
  const signatureFor = (...images: readonly string[]) => {
    const payload = writeStatement("small.contour", { digest, images });
    const sig = sign(null, preAuthenticated(STATEMENT, payload), owner.privateKey).toString("base64");
    const encoded = Buffer.from(payload).toString("base64");
    const envelope = { payloadType: STATEMENT, payload: encoded, signatures: [{ sig }] };
    return Uint8Array.from(Buffer.from(JSON.stringify(envelope)));
  };
  /** Canisters of images, each with the signature that its node has for it. */
  const judged = async (...canisters: readonly (readonly [of: string, signature: Uint8Array])[]) => {
    const told = canisters.map(([of, signature], at) =>
      canisterSample(`web-${at}`, { ...published, image: image(of), signature }),
    );
    const { body } = await rig.attest(node, { canisters: told });
    return body.canisters.map(({ state, failure }) => (failure === undefined ? state : `${state}: ${failure}`));
  };

  beforeAll(async () => {
    rig.trustsSigner(owner.publicKey);
    await rig.enrol([node]);
    await rig.start();
    await rig.rules(undefined, { references: 1, contours: [] });
    await judged(["a", signatureFor(image("a"))]);
    await rig.call("PUT", `/v1/contours/${digest}`, { token: node.token, body: contour });
  });
  afterAll(() => rig.close());

  it("counts for these, and for no other", async () => {
    expect(await judged(["a", signatureFor(image("a"))])).toEqual(["affirming"]);
    expect(await judged(["b", signatureFor(image("a"))])).toEqual(["contraindicated: unknown-contour"]);
  });

  it("counts for the images of all its signatures, and for any where one of them names none", async () => {
    const [forA, forB] = [signatureFor(image("a")), signatureFor(image("b"))];
    expect(await judged(["a", forA], ["b", forB], ["c", forB])).toEqual([
      ...["affirming", "affirming", "contraindicated: unknown-contour"],
    ]);
    expect(await judged(["a", forA], ["c", signatureFor()])).toEqual(["affirming", "affirming"]);
  });

  it("counts for any once a person puts it", async () => {
    await rig.call("PUT", `/v1/contours/${digest}`, { body: contour });
    expect(await judged(["b", signatureFor(image("a"))])).toEqual(["affirming"]);
    expect(rig.failures).toEqual([]);
  });
});
