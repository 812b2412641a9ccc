/** A contour that a trusted key has signed, before the node has sent its file: nothing is proven, and nothing bad either. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { preAuthenticated, STATEMENT, writeStatement } from "@isoline/core/verify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canisterSample } from "../attest/samples.ts";
import { contour, digest, published } from "../forgery/published.ts";
import { FleetLog } from "./logged.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const image = (digit: string) => `sha256:${digit.repeat(64)}`;

describe.each([true, false])(
  "a signed contour whose file has not come yet (a signature is demanded: %s)",
  (signedContour) => {
    const rig = new Rig();
    const log = new FleetLog(rig.place);
    const nodes = ["node-1", "node-2"].map((name) => new SoftwareNode(name));
    const [owner, stranger] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
    const signatureBy = (key: KeyObject, ...images: readonly string[]) => {
      const payload = writeStatement("small.contour", { digest, images });
      const sig = sign(null, preAuthenticated(STATEMENT, payload), key).toString("base64");
      const encoded = Buffer.from(payload).toString("base64");
      return Uint8Array.from(
        Buffer.from(JSON.stringify({ payloadType: STATEMENT, payload: encoded, signatures: [{ sig }] })),
      );
    };
    const judged = async (node: SoftwareNode | undefined, signature: Uint8Array, more: object = {}) => {
      const canisters = [canisterSample("web", { ...published, signature, ...more })];
      const { body } = await rig.attest(node as SoftwareNode, { canisters });
      const [canister] = body.canisters;
      return { state: canister?.state, failure: canister?.failure, need: body.need };
    };
    const need = [`contour:${digest}`];
    const unknown = { state: "contraindicated", failure: "unknown-contour", need };

    beforeAll(async () => {
      await log.begun;
      rig.trustsSigner(owner.publicKey);
      await rig.enrol(nodes);
      await rig.start({ log: log.configuration });
      const canisters = [{ label: "*", register: "if-there", signedContour }];
      await rig.rules(samplePolicy({ canisters }), { references: 1, contours: [] });
    });
    afterAll(() => rig.close());

    it("is bad where no trusted key has signed it, or only for another image", async () => {
      const [, node] = nodes;
      expect(await judged(node, signatureBy(stranger.privateKey))).toEqual(unknown);
      expect(await judged(node, signatureBy(owner.privateKey, image("a")), { image: image("b") })).toEqual(unknown);
    });

    it("proves nothing before the node has sent the file, and counts then; it is stated as nothing bad", async () => {
      const [node] = nodes;
      const signature = signatureBy(owner.privateKey);
      expect(await judged(node, signature)).toEqual({ state: "unverifiable", failure: "incomplete", need });
      const { token } = node as SoftwareNode;
      expect((await rig.call("PUT", `/v1/contours/${digest}`, { token, body: contour })).status).toBe(201);
      expect(await judged(node, signature)).toEqual({ state: "affirming" });
      await rig.stop();
      expect(rig.failures).toEqual([]);
      const stated = log.statements().flatMap((one) => (one.kind === "change" && one.node === node?.id ? [one] : []));
      const ofCanister = stated.filter(({ label }) => label !== undefined);
      expect(ofCanister.map(({ to, class: kind }) => [to, kind])).toEqual([
        ["unverifiable", "incomplete"],
        ["affirming", undefined],
      ]);
    });
  },
);
