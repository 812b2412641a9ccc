/** A launch host in a virtual machine with firmware and a TPM, and one who verifies its evidence. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND_LINE, launchHost, sharedPart } from "../../tools/images/launch-host.mjs";
import { signedPush } from "../../tools/images/image-layout.mjs";
import { learnContours, readied } from "../../tools/images/learn.mjs";
import { boot, type Machine } from "../../tools/images/machine.mjs";
import { predictedPcr11 } from "../../tools/images/measure.mjs";
import { tar } from "../../tools/images/push.mjs";
import { manufactureTpm } from "../../tools/images/tpm.mjs";
import { type Verdict, Verifier } from "../../tools/images/verifier.mjs";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { scriptImage } from "./canister-image.ts";
import { missingToBoot } from "./equipment.ts";

const missing = missingToBoot() || (isBuilt ? "" : "a build");
const isPossible = isCI && missing === "";
const LIMIT_SECONDS = 900;
const LIMIT_MS = 3_000_000;

const good = "cat /etc/motd; echo ready; exec sleep 100000";
const departing = "cat /etc/motd; cat /etc/secret; echo ready; exec sleep 100000";

describe.skipIf(!isPossible)(
  `a launch host${isPossible ? "" : ` (${isCI ? `needs ${missing}` : "only in CI"})`}`,
  () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const key = publicKey.export({ type: "spki", format: "pem" }).toString();
    const tpm = mkdtempSync(join(tmpdir(), "isoline-launch-host-"));
    const verifier = new Verifier();
    const images = isPossible ? { good: scriptImage(good), departing: scriptImage(departing) } : undefined;
    const told: { said?: string; refused?: string; first?: Verdict; second?: Verdict } = {};
    let shared: Buffer;
    let contour: Buffer;

    const verdictOn = async ({ port }: Machine) => {
      const challenge = verifier.challenge();
      return verifier.verdictOn(await port.ask(`evidence ${challenge}`), challenge);
    };

    /** Boots an image, and has it attest with no canister. */
    const platformOf = async (image: Buffer, append?: string) => {
      const machine = await boot({ image, tpm, limitSeconds: LIMIT_SECONDS, ...(append ? { append } : {}) });
      try {
        return await verdictOn(machine);
      } finally {
        await machine.stop();
      }
    };

    beforeAll(async () => {
      if (images === undefined) return;
      manufactureTpm(tpm);
      await verifier.enrol(tpm);
      shared = sharedPart();
      const canisters = new Map([["good", tar(images.good.files)]]);
      const learnt = await learnContours({ shared, tpm, canisters });
      contour = learnt.host;
      const own = learnt.canisters.get(images.good.digest) ?? Buffer.alloc(0);
      const image = launchHost(shared, { contour, keys: [key] });
      verifier.expect(predictedPcr11(image), [contour, own], key);
      const machine = await boot({ image, tpm, limitSeconds: LIMIT_SECONDS });
      const push = async (name: string, bytes: Buffer) => machine.port.ask(`push ${name} ${bytes.length}`, bytes);
      try {
        await push("good", signedPush(images.good, own, privateKey));
        told.said = (await readied(machine.port, "good"))?.toString();
        told.first = await verdictOn(machine);
        told.refused = await push("unsigned", tar(images.departing.files)).then(
          () => "accepted",
          (fault: unknown) => (fault as Error).message,
        );
        await push("bad", signedPush(images.departing, own, privateKey));
        await readied(machine.port, "bad");
        told.second = await verdictOn(machine);
      } finally {
        await machine.stop();
      }
    }, LIMIT_MS);

    afterAll(() => {
      verifier.close();
      rmSync(tpm, { recursive: true, force: true });
    });

    it("runs a canister that is signed, and is affirmed with it", () => {
      expect(told.said).toBe("welcome\nready\n");
      expect(told.first).toEqual({
        ...{ status: "affirming", node: "affirming", failed: [] },
        canisters: { good: "affirming", host: "affirming" },
      });
    });

    it("does not run a canister that is not signed", () => {
      expect(told.refused).toMatch(/expected a contour and its signature in the push/);
    });

    it("refuses what a canister was not learnt to do, and says in its evidence that it was tried", () => {
      expect(told.second).toMatchObject({
        ...{ status: "contraindicated", node: "affirming" },
        canisters: { bad: "contraindicated", good: "affirming", host: "affirming" },
      });
      expect(told.second?.failed.join("\n")).toMatch(/^trust: off-contour: expected no departure, got 1;/);
    });

    it("that has other keys in its image is an untrusted platform", { timeout: LIMIT_MS }, async () => {
      const { node, failed } = await platformOf(launchHost(shared, { contour, keys: [key, key] }));
      expect(node).toBe("contraindicated");
      expect(failed.join("\n")).toMatch(/^boot: untrusted-platform: .*11/);
    });

    it("whose command line its owner changed is an untrusted platform", { timeout: LIMIT_MS }, async () => {
      const image = launchHost(shared, { contour, keys: [key] });
      const { node, failed } = await platformOf(image, `${COMMAND_LINE} lockdown=none`);
      expect(node).toBe("contraindicated");
      expect(failed.join("\n")).toMatch(/^boot: untrusted-platform: .*12/);
    });
  },
);
