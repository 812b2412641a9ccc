/** `isoline attest reference`: from a boot that is known to be good to a verdict on others, with real TPMs in software. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeNode } from "../../packages/attest/src/enrol/index.ts";
import { type Evidence, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import { endorsementRsa } from "../../packages/attest/src/tpm/index.ts";
import { unifiedImage } from "../../tools/images/uki.mjs";
import { unpackedRoot } from "../../tools/unpacked-packages.mjs";
import { fresh } from "../forgery/bench.ts";
import { bootLogWith, sha256 } from "../forgery/boot.ts";
import { Node } from "../forgery/node.ts";
import { contour } from "../forgery/published.ts";
import { missingToBuild } from "../launch-host/equipment.ts";
import { measuredParts } from "../launch-host/inspect-image.ts";
import { measuredSections } from "../../packages/attest/src/boot/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { programOf } from "./kernel-image.ts";
import { needsSwtpm } from "./swtpm.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const FIRMWARE = ["0", "1", "2", "3", "4", "5", "6", "7"];
const OTHER_BOOT = [
  [0, "firmware 1.0"],
  [4, "another boot loader"],
  [7, "secure boot on"],
] as const;

/** The same, measured in another order, and with a program more. */
const [GOOD, SWAPPED, MORE] = [
  [
    [7, "secure boot on"],
    [7, "keys"],
    [4, "boot loader"],
  ],
  [
    [7, "keys"],
    [4, "boot loader"],
    [7, "secure boot on"],
  ],
  [
    [7, "secure boot on"],
    [7, "keys"],
    [4, "boot loader"],
    [4, "another program"],
  ],
] as const;

interface File {
  readonly references: number;
  readonly boots: readonly {
    readonly name: string;
    readonly registers: Readonly<Record<string, string>>;
    readonly events: Readonly<Record<string, readonly { readonly type: string; readonly digest: string }[]>>;
  }[];
}

describe.skipIf(!isBuilt)("a boot as reference values (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-reference-"));
  const at = (name: string) => join(place, name);
  const call = (...words: readonly string[]) =>
    isoline(["attest", ...words], { cwd: place, env: { ISOLINE_HOST_DIRECTORY: place } });
  const reference = async (...words: readonly string[]) => {
    const ended = await call("reference", "--name", "good", ...words);
    const file = ended.stdout.startsWith("{") ? (JSON.parse(ended.stdout) as File) : undefined;
    return { ...ended, file, registers: file?.boots[0]?.registers, events: file?.boots[0]?.events };
  };
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  describe.skipIf(needsSwtpm)("of a machine (needs swtpm)", () => {
    const [good, other] = [new Node(), new Node()];
    let sample: Evidence;
    const evidenceOf = async (node: Node) => {
      const challenge = fresh();
      const evidence = await node.evidence(challenge, [], { node: { made: Date.now() } });
      writeFileSync(at("evidence.cbor"), writeEvidence(evidence));
      return { challenge: hex(challenge), evidence };
    };
    const verify = async (node: Node) => {
      const { challenge } = await evidenceOf(node);
      return call("verify", "evidence.cbor", "--challenge", challenge, "--trust", "trust", "--policy", "policy.json");
    };
    /** What is written of that evidence with a change. */
    const referenceOf = (change: Partial<Evidence>, ...words: readonly string[]) => {
      writeFileSync(at("changed.cbor"), writeEvidence({ ...sample, ...change }));
      return reference("--evidence", "changed.cbor", ...words);
    };

    beforeAll(async () => {
      await good.boot();
      await other.boot(OTHER_BOOT);
      for (const folder of ["nodes", "contours", "references"]) mkdirSync(at(`trust/${folder}`), { recursive: true });
      for (const [name, { id, key }] of Object.entries({ good, other })) {
        const endorsement = { public: endorsementRsa, certificate: Uint8Array.of(0) };
        const node = { id, attestationKey: key, endorsement, enrolled: new Date().toISOString() };
        writeFileSync(at(`trust/nodes/${name}.json`), writeNode(node));
      }
      writeFileSync(at("trust/contours/small.contour"), contour);
      const policy = { policy: 1, name: "test", version: 1, boots: ["good"], bootLog: "required", canisters: [] };
      writeFileSync(at("policy.json"), JSON.stringify(policy));
      ({ evidence: sample } = await evidenceOf(good));
    });
    afterAll(async () => {
      await good.close();
      await other.close();
    });

    it("is one by which a verifier affirms the machine, and refuses one that booted otherwise, by the register", async () => {
      const before = await verify(good);
      expect(before).toMatchObject({ status: 3, stdout: expect.stringContaining("no reference values for them") });
      await evidenceOf(good);
      const written = await reference("--evidence", "evidence.cbor", "-o", "trust/references/good.json");
      expect(written).toMatchObject({ status: 0, stdout: "trust/references/good.json\n", stderr: "" });
      const affirmed = await verify(good);
      expect(affirmed).toMatchObject({ status: 0, stdout: expect.stringMatching(/^affirming: good, root: tpm/) });
      expect(affirmed.stdout).not.toContain("boot:");
      const refused = await verify(other);
      expect(refused.status).toBe(3);
      expect(refused.stdout).toMatch(
        /boot: untrusted-platform: expected register 4 to be [0-9a-f]{16}…, as in good, got [0-9a-f]{16}…; find out what/,
      );
    });

    it("of events is one by which a machine that measured the same in another order is affirmed, and one with more is not", async () => {
      const machine = new Node();
      try {
        await machine.boot(GOOD);
        const node = { id: machine.id, attestationKey: machine.key, enrolled: new Date().toISOString() };
        const endorsement = { public: endorsementRsa, certificate: Uint8Array.of(0) };
        writeFileSync(at("trust/nodes/machine.json"), writeNode({ ...node, endorsement }));
        await evidenceOf(machine);
        const written = await reference("--evidence", "evidence.cbor", "--events", "-o", "trust/references/good.json");
        expect(written).toMatchObject({ status: 0, stdout: "trust/references/good.json\n", stderr: "" });
        expect(await verify(machine)).toMatchObject({ status: 0 });
        const boots = [];
        for (const events of [SWAPPED, MORE]) {
          await machine.software.stop();
          await machine.boot(events);
          boots.push(await verify(machine));
        }
        const digest = createHash("sha256").update("another program").digest("hex");
        expect(boots).toMatchObject([
          { status: 0, stdout: expect.stringMatching(/^affirming: machine/) },
          {
            status: 3,
            stdout: expect.stringContaining(
              `boot: untrusted-platform: expected events of good alone in register 4, got event 4, EV_S_CRTM_VERSION ${digest}; find out`,
            ),
          },
        ]);
      } finally {
        rmSync(at("trust/references/good.json"), { force: true });
        rmSync(at("trust/nodes/machine.json"), { force: true });
        await machine.close();
      }
    });

    it("has events of the registers that were named, of the others of 0 to 7 without numbers, and values of those beside", async () => {
      const loader = { type: "EV_S_CRTM_VERSION", digest: hex(sha256(Buffer.from("boot loader"))), required: true };
      const named = await referenceOf({}, "--events", "4,12");
      expect(named).toMatchObject({ status: 0, stderr: "" });
      expect([named.registers, named.events]).toEqual([undefined, { 4: [{ ...loader, note: "boot loader" }], 12: [] }]);
      const all = await referenceOf({}, "--events", "--registers", "0,7,11");
      expect(Object.keys(all.events ?? {})).toEqual(["1", "2", "3", "4", "5", "6"]);
      expect(Object.keys(all.registers ?? {})).toEqual(["0", "7", "11"]);
    });

    it("has no events of a machine without a log, or of registers that more than the boot extends", async () => {
      const refusals: readonly (readonly [Partial<Evidence>, string, string])[] = [
        [{ bootLog: undefined }, "4", "expected a log of measured boot, got none; see what isoline attest doctor says"],
        [{}, "10", "expected register 10 to be 0000000000000000…, as the log of measured boot leads to"],
        [{ bootLog: sample.bootLog!.subarray(0, 80) }, "4", "not a log of measured boot"],
      ];
      for (const [change, register, why] of refusals)
        expect(await referenceOf(change, "--events", register)).toMatchObject({
          status: 1,
          stdout: "",
          stderr: expect.stringContaining(why),
        });
    });

    it("has the quoted values of registers 0 to 7, or of those that were named", async () => {
      const { status, file, registers } = await referenceOf({});
      expect({ status, references: file?.references, boots: file?.boots.length }).toEqual({
        status: 0,
        references: 1,
        boots: 1,
      });
      const quoted = sample.quote?.registers.map(({ value }) => hex(value)) ?? [];
      expect(registers).toEqual(Object.fromEntries(FIRMWARE.map((number) => [number, quoted[Number(number)]])));
      expect(registers).toMatchObject(good.bootReference);
      const some = await referenceOf({}, "--registers", "12,4");
      expect(some.registers).toEqual({ 4: quoted[4], 12: quoted[12] });
    });

    it("is what attest sign signs", async () => {
      const { privateKey } = generateKeyPairSync("ed25519");
      writeFileSync(at("owner.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      writeFileSync(at("boots.json"), (await referenceOf({})).stdout);
      const signed = await call("sign", "boots.json", "--key", "owner.pem", "-o", "boots.signed");
      expect(signed).toMatchObject({ status: 0 });
      expect(JSON.parse(readFileSync(at("boots.signed"), "utf8"))).toMatchObject({
        payloadType: "application/vnd.isoline.references+json",
      });
    });

    it("is written without a log of measured boot as well, and said so in one line", async () => {
      const { status, stderr, registers } = await referenceOf({ bootLog: undefined });
      expect({ status, registers }).toMatchObject({ status: 0, registers: good.bootReference });
      expect(stderr).toBe(
        "isoline: changed.cbor: it has no log of measured boot, so the registers are written as they were quoted\n",
      );
    });

    it("is not written of evidence that does not fit itself", async () => {
      const quote = sample.quote!;
      const registers = quote.registers.map((one) => (one.number === 4 ? { ...one, value: fresh() } : one));
      const forged = [{ register: 4, digest: fresh() }];
      const changes: readonly (readonly [Partial<Evidence>, string])[] = [
        [{ quote: { ...quote, registers } }, "the register values are not those that the quote is about"],
        [{ quote: { ...quote, registers: registers.slice(0, 8) } }, "the quote is about 0,1,2"],
        [{ challenge: fresh() }, "it answers another challenge, or is about another statement"],
        [{ bootLog: bootLogWith(good.bootLog, forged) }, "expected register 4 to be"],
        [{ quote: undefined }, "expected a quote by a TPM, got evidence without one"],
      ];
      for (const [change, why] of changes)
        expect(await referenceOf(change)).toMatchObject({
          status: 1,
          stdout: "",
          stderr: expect.stringContaining(why),
        });
      const unsigned = Uint8Array.from(quote.signature);
      unsigned[unsigned.length - 1]! ^= 1;
      expect(await referenceOf({ quote: { ...quote, signature: unsigned } })).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("not signed by"),
      });
    });

    it("is not written of registers that the quote has not", async () => {
      expect(await referenceOf({}, "--registers", "0,17")).toMatchObject({
        status: 1,
        stdout: "",
        stderr: expect.stringContaining(
          "expected register 17 in the quote, got 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; name registers that it has",
        ),
      });
    });

    it("may have the firmware of a machine, and the kernel of an image", async () => {
      writeFileSync(at("image.efi"), programOf([{ name: ".linux", content: Buffer.from("a kernel") }]));
      const both = await referenceOf({}, "--registers", "0,7", "--uki", "image.efi");
      const alone = await reference("--uki", "image.efi");
      const { 0: firmware, 7: secureBoot } = good.bootReference;
      expect(both.registers).toEqual({ 0: firmware, 7: secureBoot, 11: alone.registers?.["11"] });
      const events = await referenceOf({}, "--events", "0,7", "--uki", "image.efi");
      expect([events.registers, Object.keys(events.events ?? {})]).toEqual([
        { 11: alone.registers?.["11"] },
        ["0", "7"],
      ]);
      expect(await referenceOf({}, "--registers", "0,11", "--uki", "image.efi")).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("expected register 11 from --uki or from --evidence, got both"),
      });
    });
  });

  const missing = missingToBuild() || (unpackedRoot("systemd") === undefined ? "systemd, unpacked" : "");
  it.skipIf(missing !== "")(
    `of an image is PCR 11 as systemd-measure predicts it${missing === "" ? "" : ` (needs ${missing})`}`,
    async () => {
      const initrds = [Buffer.from("a RAM disk")];
      const image = unifiedImage({ initrds, commandLine: "quiet", name: "An image" });
      writeFileSync(at("real.efi"), image);
      const phases = "enter-initrd:leave-initrd:sysinit:ready";
      const [first, last] = [
        await reference("--uki", "real.efi"),
        await reference("--uki", "real.efi", "--phases", phases),
      ];
      expect(Object.keys(first.registers ?? {})).toEqual(["11"]);
      const sections = measuredSections(image);
      expect([...sections.keys()].sort()).toEqual([".cmdline", ".initrd", ".linux", ".osrel", ".sbat", ".uname"]);
      expect(measuredParts(sections)).toContain(`11:sha256=${first.registers?.["11"]}`);
      expect(measuredParts(sections, phases)).toContain(`11:sha256=${last.registers?.["11"]}`);
    },
  );

  it.each([
    ["neither evidence nor an image", [], 2, "expected --evidence FILE, --uki FILE or both, got neither"],
    [
      "registers of no evidence",
      ["--uki", "x", "--registers", "0"],
      2,
      "--registers changes nothing without --evidence",
    ],
    ["events of no evidence", ["--uki", "x", "--events"], 2, "--events changes nothing without --evidence"],
    [
      "a register by value and by events",
      ["--evidence", "x", "--registers", "0,4", "--events", "4"],
      2,
      "expected register 4 in --registers or in --events, got both",
    ],
    [
      "events of a register that a program can reset",
      ["--evidence", "x", "--events", "4,16"],
      2,
      "expected registers below 16 in --events, got 16",
    ],
    ["phases of no image", ["--evidence", "x", "--phases", "ready"], 2, "--phases changes nothing without --uki"],
    ["a register that no TPM has", ["--evidence", "x", "--registers", "24"], 2, "expected registers from 0 to 23"],
    ["a register twice", ["--evidence", "x", "--registers", "1,1"], 2, "expected registers from 0 to 23, each once"],
    ["an empty word", ["--uki", "x", "--phases", "sysinit::ready"], 2, "expected words of boot phases"],
    ["a file that is no image", ["--uki", "text"], 1, "not a unified kernel image: expected a program for UEFI"],
    ["a file that is no evidence", ["--evidence", "text"], 1, "evidence"],
  ])("with %s is refused", async (_, words, status, why) => {
    writeFileSync(at("text"), "no image and no evidence\n".repeat(4));
    expect(await reference(...words)).toMatchObject({ status, stdout: "", stderr: expect.stringContaining(why) });
  });

  it("has a name that can be shown", async () => {
    writeFileSync(at("named.efi"), programOf([{ name: ".linux", content: Buffer.from("a kernel") }]));
    expect(await call("reference", "--name", "a\nb", "--uki", "named.efi")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("references: expected a name of 1 to 128 letters that can be shown"),
    });
  });
});
