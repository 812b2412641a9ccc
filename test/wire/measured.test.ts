/** An engine that proves its machine by a TPM: a real engine with a real swtpm, and what a sensor refuses. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IsolineError } from "@isoline/core/error";
import { commands, encode, publicArea } from "@isoline/attest/tpm";
import { machineQuote } from "../../packages/isoline/src/attest/machine-quote.ts";
import { withAttestationKey } from "../../packages/isoline/src/attest/node-keys.ts";
import { type MeasuredMachines, quoteVerifier } from "../../packages/isoline/src/wire/measured-proof.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { TestEngine } from "./engine.ts";

const ZEROS = "0".repeat(64);
/** What a register holds after it was extended once by ones. */
const ONES = Buffer.alloc(32, 1);
const EXTENDED = createHash("sha256")
  .update(Buffer.concat([Buffer.alloc(32), ONES]))
  .digest("hex");
const KIND = 3;

describe.skipIf(needsSwtpm || !isInstalled("swtpm_setup") || !isBuilt)(
  "an engine that proves its machine (needs swtpm and a build)",
  () => {
    const tpm = new SoftwareTpm();
    const place = mkdtempSync(join(tmpdir(), "isoline-measured-"));
    const trust = join(place, "trust");
    let engine: TestEngine;

    const boots = (registers: Readonly<Record<number, string>>) => {
      const references = { references: 1, boots: [{ name: "engine 1", registers }] };
      writeFileSync(join(trust, "references/engine.json"), JSON.stringify(references));
    };
    const learn = (...options: readonly string[]) => {
      const own = ["--engine", engine.address, "--sensor-key", engine.sensorKey.privateFile, ...options];
      return isoline(["learn", "-q", "-o", "x.contour", ...own, "--", "true"], { cwd: place });
    };

    beforeAll(async () => {
      tpm.certify();
      await tpm.start();
      for (const name of ["makers", "references"]) mkdirSync(join(trust, name), { recursive: true, mode: 0o755 });
      writeFileSync(join(trust, "makers/root.pem"), tpm.authority().root);
      writeFileSync(join(trust, "makers/between.pem"), tpm.authority().issuer);
      await tpm.using((open) =>
        open.run(
          commands.pcrExtend,
          { digests: [{ is: "sha256", value: ONES }] },
          { handles: [11], authorisations: [{ password: new Uint8Array() }] },
        ),
      );
      await isoline(["attest", "enrol", "--tpm", tpm.address, "--trust", "trust", "--name", "e-1"], { cwd: place });
      boots({ 11: EXTENDED, 12: ZEROS });
      engine = new TestEngine();
      await engine.startMeasured(tpm.address);
    });
    afterAll(async () => {
      await engine.close();
      await tpm.close();
      rmSync(place, { recursive: true, force: true });
    });

    it("is used where machine and boot are trusted", async () => {
      expect(await learn("--engine-trust", trust)).toMatchObject({ status: 0, stderr: "" });
    });

    it("is refused by a sensor that expects another boot, another machine, or a key in a file", async () => {
      boots({ 11: EXTENDED, 12: EXTENDED });
      expect((await learn("--engine-trust", trust)).stderr).toMatch(
        /expected the engine's machine to have register 12 at [0-9a-f]{16}…, as engine 1 leaves it, got 0{16}…: it booted something else/,
      );
      boots({ 11: EXTENDED, 12: ZEROS });
      // The proof of a session has no log, by which rules for events could be judged.
      const events = { references: 1, boots: [{ name: "by events", registers: { 11: EXTENDED }, events: { 12: [] } }] };
      writeFileSync(join(trust, "references/engine.json"), JSON.stringify(events));
      expect((await learn("--engine-trust", trust)).stderr).toContain("by values of registers alone, got 1 and 0;");
      boots({ 11: EXTENDED, 12: ZEROS });
      const empty = join(place, "empty");
      mkdirSync(join(empty, "nodes"), { recursive: true, mode: 0o755 });
      expect((await learn("--engine-trust", empty)).stderr).toMatch(
        /expected at least one enrolled machine and one boot/,
      );
      const key = engine.makeKeys("other").publicFile;
      expect((await learn("--engine-key", key)).stderr).toMatch(/expected the engine to sign with an Ed25519 key/);
      expect((await learn("--engine-key", key, "--engine-trust", trust)).stderr).toMatch(
        /either --engine-key FILE, or/,
      );
    });

    it("with a key in a file proves no machine", async () => {
      const keyed = await new TestEngine().start();
      const own = ["--engine", keyed.address, "--sensor-key", keyed.sensorKey.privateFile, "--engine-trust", trust];
      const { stderr } = await isoline(["learn", "-q", "-o", "x.contour", ...own, "--", "true"], { cwd: place });
      await keyed.close();
      expect(stderr).toMatch(/expected the engine to prove a measured machine \(proof 3\), got proof 1/);
    });

    it("proves one session: of another binding, of another machine, or with any bit flipped it is refused", async () => {
      const key = await tpm.using((open) => withAttestationKey(open, async (made) => made.public));
      const machines: MeasuredMachines = {
        nodes: [{ name: "e-1", key: Buffer.from(encode(publicArea, key)).toString("base64") }],
        boots: [
          { name: "of nothing", registers: {} },
          { name: "engine 1", registers: { 11: EXTENDED } },
        ],
      };
      const binding = Buffer.alloc(64, 7);
      const proof = Buffer.from(await machineQuote(tpm.address, createHash("sha256").update(binding).digest()));
      const told = (bytes: Buffer, of = binding, trusted = machines) => {
        try {
          return quoteVerifier(trusted).verify(KIND, bytes, of);
        } catch (fault) {
          return fault instanceof IsolineError ? `${fault.code}: ${fault.message}` : `not a refusal: ${String(fault)}`;
        }
      };
      expect(told(proof)).toBe("e-1, booted as engine 1");
      expect(told(proof, Buffer.alloc(64, 8))).toMatch(/^engine-refused: .*it answers another challenge/);
      expect(told(proof, binding, { ...machines, nodes: [] })).toMatch(/^engine-refused: .*a machine that is enrolled/);
      expect(told(proof, binding, { ...machines, boots: machines.boots.slice(0, 1) })).toMatch(
        /that is trusted, got none/,
      );
      const bits = Array.from({ length: proof.length * 8 }, (_, bit) => bit).filter((bit) => isCI || bit % 9 === 0);
      const flipped = bits.map((bit) => {
        const bytes = Buffer.from(proof);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        return told(bytes);
      });
      const cut = Array.from({ length: proof.length }, (_, length) => told(proof.subarray(0, length)));
      expect([...flipped, ...cut].filter((said) => !/^engine-refused: [^\n]+$/.test(said))).toEqual([]);
    });
  },
);
