/** An engine in a virtual machine with firmware and a TPM, and a sensor on this machine: over virtio-serial, proven by a quote. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineHost, sharedEnginePart } from "../../tools/images/engine-host.mjs";
import { type Machine, powerOn } from "../../tools/images/machine.mjs";
import { manufactureTpm } from "../../tools/images/tpm.mjs";
import { Verifier } from "../../tools/images/verifier.mjs";
import { missingToBoot } from "../launch-host/equipment.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { readReport } from "../support/report.ts";

const missing = missingToBoot() || (isBuilt ? "" : "a build");
const isPossible = isCI && missing === "";
const LIMIT_SECONDS = 900;
const LIMIT_MS = 1_000_000;

const LEARNT = ["sh", "-c", "cat /etc/hostname > copy"];
const WIDER = ["sh", "-c", "cat /etc/hostname > copy; cat /etc/passwd > copy"];

describe.skipIf(!isPossible)(
  `an engine in a measured machine${isPossible ? "" : ` (${isCI ? `needs ${missing}` : "only in CI"})`}`,
  () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-engine-host-"));
    const tpm = mkdtempSync(join(tmpdir(), "isoline-engine-tpm-"));
    const verifier = new Verifier();
    const pair = () => {
      const { publicKey, privateKey } = generateKeyPairSync("ed25519");
      return {
        open: publicKey.export({ type: "spki", format: "pem" }).toString(),
        secret: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    };
    const sensor = pair();
    let shared: Buffer;
    let machine: Machine;

    const start = async (sensors: readonly string[]) => {
      const image = engineHost(shared, { sensors });
      machine = await powerOn({ image, tpm, limitSeconds: LIMIT_SECONDS }, "isoline.engine");
      await machine.said("engine: listening");
      return image;
    };
    /** By an emulated processor an act may wait long for its verdict. */
    const run = (command: readonly string[], program: readonly string[]) => {
      rmSync(join(place, "copy"), { force: true });
      const wire = ["--engine", `unix:${machine.socket}`, "--engine-trust", verifier.trust, "--engine-deadline", "60"];
      return isoline([...command, ...wire, "--sensor-key", join(place, "sensor.pem"), "--", ...program], {
        cwd: place,
      });
    };
    const text = (name: string) => readFileSync(join(place, name), "utf8");

    beforeAll(async () => {
      if (!isPossible) return;
      writeFileSync(join(place, "sensor.pem"), sensor.secret, { mode: 0o600 });
      manufactureTpm(tpm);
      await verifier.enrol(tpm);
      shared = sharedEnginePart();
      verifier.expectBoot(await start([sensor.open]));
    }, LIMIT_MS);

    afterAll(async () => {
      await machine?.stop();
      verifier.close();
      for (const folder of [place, tpm]) rmSync(folder, { recursive: true, force: true });
    });

    it("learns the contour that an engine on this machine learns", { timeout: LIMIT_MS }, async () => {
      const { status, stderr } = await run(["learn", "-q", "-o", "far.contour"], LEARNT);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      rmSync(join(place, "copy"));
      await isoline(["learn", "-q", "-o", "near.contour", "--", ...LEARNT], { cwd: place });
      expect(text("far.contour")).toBe(text("near.contour"));
    });

    it("checks: what departs is told, and goes ahead", { timeout: LIMIT_MS }, async () => {
      const { status } = await run(["check", "far.contour", "--report", "check.json"], WIDER);
      const { verdict, incomplete, off, refused } = readReport(join(place, "check.json"));
      expect({ status, verdict, incomplete, refused }).toEqual({
        status: 3,
        verdict: "off-contour",
        incomplete: [],
        refused: 0,
      });
      expect(off).toBeGreaterThan(0);
      expect(text("copy")).toContain("root:");
    });

    it("enforces: what departs is refused", { timeout: LIMIT_MS }, async () => {
      rmSync(join(place, "copy"));
      const { stderr } = await run(["run", "far.contour", "--enforce", "--report", "run.json"], WIDER);
      const { incomplete, refused } = readReport(join(place, "run.json"));
      expect({ incomplete, isRefused: refused > 0 }).toEqual({ incomplete: [], isRefused: true });
      expect(stderr).toMatch(/refused, off contour: .* opened \$CWD\/copy for writing/);
      expect(text("copy")).not.toContain("root:");
    });

    it("of an image that serves another sensor as well is refused, and nothing is started", {
      timeout: LIMIT_MS,
    }, async () => {
      await machine.stop();
      await start([sensor.open, pair().open]);
      const { stderr } = await run(["run", "far.contour", "--enforce"], LEARNT);
      expect(stderr).toMatch(
        /expected the engine's machine to have register 4 at [0-9a-f]{16}….*it booted something else/,
      );
      expect(() => text("copy")).toThrow(/ENOENT/);
    });
  },
);
