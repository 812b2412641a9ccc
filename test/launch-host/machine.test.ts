/** A launch host in a virtual machine with firmware and a TPM, and one who verifies its evidence. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND_LINE, launchHost, sharedPart } from "../../tools/images/launch-host.mjs";
import { signedPush } from "../../tools/images/image-layout.mjs";
import { learnContours, readied } from "../../tools/images/learn.mjs";
import { boot, type LaunchHost } from "../../tools/images/machine.mjs";
import { tar } from "../../tools/images/push.mjs";
import { manufactureTpm } from "../../tools/images/tpm.mjs";
import { type Verdict, Verifier } from "../../tools/images/verifier.mjs";
import { isBuilt } from "../support/isoline.ts";
import { isCIFor } from "../support/machine.ts";
import { scriptImage } from "./canister-image.ts";
import { missingToBoot } from "./equipment.ts";

const missing = missingToBoot() || (isBuilt ? "" : "a build");
const isPossible = isCIFor(600) && missing === "";
const LIMIT_SECONDS = 900;
const LIMIT_MS = 3_000_000;

const good = "cat /etc/motd; echo ready; exec sleep 100000";
/**
 * Departs once, and then again and again: whenever its power is pulled, it is departing. It counts meanwhile: a supervisor that has a
 * departure at every moment does not answer in time on an emulated processor, and evidence says so.
 */
const departing =
  "cat /etc/motd; cat /etc/secret; echo ready; " +
  "while :; do i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; cat /etc/secret; done";

describe.skipIf(!isPossible)(
  `a launch host${isPossible ? "" : ` (${missing !== "" ? `needs ${missing}` : "only in CI"})`}`,
  () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const key = publicKey.export({ type: "spki", format: "pem" }).toString();
    const tpm = mkdtempSync(join(tmpdir(), "isoline-launch-host-"));
    const verifier = new Verifier();
    const images = isPossible ? { good: scriptImage(good), departing: scriptImage(departing) } : undefined;
    const told: { said?: string; refused?: string; first?: Verdict; second?: Verdict; again?: Verdict; old?: Verdict } =
      {};
    let image: Buffer;
    let other: Buffer;

    const evidenceOf = async ({ port }: LaunchHost) => {
      const challenge = verifier.challenge();
      return { challenge, evidence: await port.ask(`evidence ${challenge}`) };
    };
    const verdictOn = async (machine: LaunchHost) => {
      const { challenge, evidence } = await evidenceOf(machine);
      return verifier.verdictOn(evidence, challenge);
    };
    const booted = async <T>(work: (machine: LaunchHost) => Promise<T>, append?: string) => {
      const machine = await boot({ image, tpm, limitSeconds: LIMIT_SECONDS, ...(append ? { append } : {}) });
      try {
        return await work(machine);
      } finally {
        await machine.stop();
      }
    };

    beforeAll(async () => {
      if (images === undefined) return;
      manufactureTpm(tpm);
      const shared = sharedPart();
      const canisters = new Map([["good", tar(images.good.files)]]);
      const { host, canisters: learnt } = await learnContours({ shared, tpm, canisters });
      const own = learnt.get(images.good.digest);
      if (own === undefined) throw new Error(`no contour of ${images.good.digest} in ${[...learnt.keys()].join(", ")}`);
      image = launchHost(shared, { contour: host, keys: [key] });
      other = launchHost(shared, { contour: host, keys: [key, key] });
      verifier.expect(image, [host, own], key);
      const unseen = await booted(async (machine) => {
        const push = async (name: string, bytes: Buffer) => machine.port.ask(`push ${name} ${bytes.length}`, bytes);
        await verifier.enrolOver(tpm, machine.port);
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
        return evidenceOf(machine);
        // Its power is pulled here, while a canister departs.
      });
      await booted(async (machine) => {
        told.again = await verdictOn(machine);
        told.old = verifier.verdictOn(unseen.evidence, unseen.challenge);
      });
    }, LIMIT_MS);

    afterAll(() => {
      verifier.close();
      rmSync(tpm, { recursive: true, force: true });
    });

    it("is enrolled over its port, runs a canister that is signed, and is affirmed with it", () => {
      expect(told.said).toBe("welcome\nready\n");
      expect(told.first).toMatchObject({
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
      expect(told.second?.failed.join("\n")).toMatch(/^trust: off-contour: expected no departure, got [1-9]/m);
    });

    it("whose power is pulled while a canister departs is no alarm when it boots again, and the gap is told", () => {
      expect(told.again).toMatchObject({
        ...{ status: "affirming", node: "affirming", failed: [] },
        canisters: { host: "affirming" },
      });
      expect(told.again?.canisters).not.toHaveProperty("bad");
      expect(told.again?.warned.join("\n")).toMatch(
        /^counters: the node booted anew since its last accepted evidence \(reset \d+, now \d+\): .* neither good nor bad/m,
      );
    });

    it("cannot bring evidence of the boot before instead, though its challenge was never answered", () => {
      expect(told.old?.status).toBe("contraindicated");
      expect(told.old?.failed.join("\n")).toMatch(/^counters: rollback: expected a quote after reset \d+/m);
    });

    it("whose command line its owner changed, or whose image is another, is an untrusted platform", {
      timeout: LIMIT_MS,
    }, async () => {
      const { changed, otherwise } = await booted(async (machine) => {
        const seen = await verdictOn(machine);
        verifier.expectBoot(other);
        return { changed: seen, otherwise: await verdictOn(machine) };
      }, `${COMMAND_LINE} lockdown=none`);
      expect([changed.node, otherwise.node]).toEqual(["contraindicated", "contraindicated"]);
      expect(changed.failed.join("\n")).toMatch(/^boot: untrusted-platform: .*register 12 /);
      expect(otherwise.failed.join("\n")).toMatch(/^boot: untrusted-platform: .*register 4 /);
    });
  },
);
