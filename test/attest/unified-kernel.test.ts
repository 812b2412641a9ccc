/** Unified kernel images: PCR 11 as the stub of systemd leaves it, predicted; and other files, which are refused. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { predictedPcr11 } from "../../packages/attest/src/boot/index.ts";
import { unpackedRoot } from "../../tools/unpacked-packages.mjs";
import { measuredParts } from "../launch-host/inspect-image.ts";
import { HEADER_AT, type Part, programOf, ROW_BYTES, TABLE_AT } from "./kernel-image.ts";

/** In the order of the stub. */
const ORDER = [
  ...[".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb"],
  ...[".uname", ".sbat", ".pcrpkey", ".profile", ".hwids"],
];
const PHASES = ["enter-initrd", "leave-initrd", "sysinit", "ready"];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const sha256 = (...parts: readonly Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const extended = (measured: readonly Uint8Array[]) =>
  hex(measured.reduce((value, each) => sha256(value, sha256(each)), Buffer.alloc(32)));
const part = (name: string, text = `content of ${name}`): Part => ({ name, content: Buffer.from(text) });
const named = ({ name, content }: Part) => [Buffer.from(`${name}\0`), content];

const parts = ORDER.map((name) => part(name));
/** Of another order in the file, and with sections that are not measured. */
const imageOf = (measured: readonly Part[]) => programOf([part(".text"), ...measured.toReversed(), part(".pcrsig")]);
const image = imageOf(parts);
/** systemd-measure 257 takes what is given as .hwids for .dtbauto. The stub does not. */
const calculableParts = parts.filter(({ name }) => name !== ".hwids");
const calculable = imageOf(calculableParts);

/** The value, or the code of the refusal with the number of its lines. */
function outcome(bytes: Uint8Array): string {
  try {
    return hex(predictedPcr11(bytes));
  } catch (fault) {
    const { code, message } = fault as { code?: string; message: string };
    return `${code} ${message.split("\n").length}`;
  }
}

describe("a unified kernel image", () => {
  it("leaves in PCR 11 each section by name and content in the stub's order, without padding and signatures", () => {
    expect(hex(predictedPcr11(image))).toBe(extended(parts.flatMap(named)));
    // As systemd-measure 257.13 calculated it.
    expect(hex(predictedPcr11(calculable))).toBe("7b42548f2f53aa13180af0c9cb7dee7b5371dabb8bf519ba436b76809ab32e05");
  });

  it("leaves a value that phases of the boot extend", () => {
    const words = PHASES.map((word) => Buffer.from(word));
    expect(hex(predictedPcr11(image, PHASES))).toBe(extended([...parts.flatMap(named), ...words]));
  });

  it("has in memory what a section is longer there than in the file, as zeros; an empty section is not measured", () => {
    const content = Buffer.alloc(512, 1);
    const larger = programOf([{ name: ".linux", content, size: 700 }, part(".initrd", "")]);
    expect(hex(predictedPcr11(larger))).toBe(
      extended([Buffer.from(".linux\0"), Buffer.concat([content, Buffer.alloc(188)])]),
    );
  });

  const measure = unpackedRoot("systemd");
  it.skipIf(measure === undefined)(
    "measures as systemd-measure predicts it, in each phase (needs systemd, unpacked)",
    () => {
      const sections = calculableParts.map(({ name, content }) => [name, content] as const);
      for (const [index] of [...PHASES, ""].entries()) {
        const phases = PHASES.slice(0, index);
        const said = measuredParts(sections, phases.join(":"));
        expect(said).toContain(`11:sha256=${hex(predictedPcr11(calculable, phases))}`);
      }
    },
  );

  it("is predicted by what is measured of it, whatever else is in the file", () => {
    const chosen = fc.record({
      names: fc.subarray(ORDER.slice(1)),
      content: fc.uint8Array({ minLength: 1, maxLength: 1200 }),
      rest: fc.subarray([".text", ".data", ".pcrsig", ".reloc"]),
    });
    fc.assert(
      fc.property(chosen, fc.nat(), ({ names, content, rest }, turn) => {
        const measured = [part(".linux"), ...names.map((name) => ({ name, content }))];
        const all = [...measured, ...rest.map((name) => part(name))];
        const turned = [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)];
        expect(hex(predictedPcr11(programOf(turned)))).toBe(extended(measured.flatMap(named)));
      }),
    );
  });

  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(image);
    bytes.writeUInt32LE(value, at);
    return bytes;
  };
  const inRow = (field: number) => TABLE_AT + ROW_BYTES + 8 + 4 * field;
  it.each([
    ["a script", Buffer.from("#!/bin/sh\n".repeat(20)), "begins with MZ, got another beginning"],
    ["nothing", Buffer.alloc(0), "begins with MZ, got another beginning"],
    ["a header beyond its end", changed(0x3c, 0xffff_fff0), "header of a program (PE) at byte 4294967280, got none"],
    ["a program for DOS", changed(HEADER_AT, 0), "header of a program (PE) at byte 64, got none"],
    ["more sections than any program has", changed(HEADER_AT + 4, 0xffff_8664), "at most 1024 sections, got 65535"],
    ["an end within its table", image.subarray(0, TABLE_AT + 100), "the end of the file within it"],
    ["an end within a section", image.subarray(0, 2000), "the end of the file before"],
    ["a section beyond its end", changed(inRow(3), 0xffff_ff00), "at byte 4294967040, got the end of the file before"],
    [
      "more in memory than any machine takes",
      changed(inRow(0), 0x4000_0001),
      "at most 1073741824 bytes in all sections",
    ],
    ["no kernel", programOf([part(".osrel")]), "a kernel in section .linux, got none"],
    ["two profiles", programOf([...parts, part(".cmdline", "other")]), "one section .cmdline, got several"],
    ["a device tree for some machines", programOf([...parts, part(".dtbauto")]), "no section .dtbauto"],
    ["firmware for some machines", programOf([...parts, part(".efifw")]), "no section .efifw"],
  ])("with %s is refused", (_, bytes, why) => {
    expect(() => predictedPcr11(bytes)).toThrow(why);
    expect(outcome(bytes)).toBe("bad-kernel-image 1");
  });

  it("any bytes, also of a damaged image, are measured or refused with one line", () => {
    // A size between these is one of many MiB, which takes long to measure.
    const value = fc.oneof(fc.nat({ max: 5000 }), fc.integer({ min: 2 ** 30 + 1, max: 2 ** 32 - 1 }));
    const fields = fc.array(fc.tuple(fc.nat({ max: TABLE_AT / 4 + 10 * parts.length }), value), { maxLength: 4 });
    const damaged = fc.tuple(fields, fc.nat({ max: image.length })).map(([changes, end]) => {
      const bytes = Buffer.from(image);
      for (const [at, other] of changes) bytes.writeUInt32LE(other, at * 4);
      return bytes.subarray(0, end);
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        expect(outcome(bytes)).toMatch(/^(?:[0-9a-f]{64}|bad-kernel-image 1)$/);
      }),
      { numRuns: 2000 },
    );
  });
});
