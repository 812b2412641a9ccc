/** Logs of measured boot: replayed to the registers that the machine had, and refused where they are damaged. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseBootLog, replayBootLog } from "../../packages/attest/src/boot/index.ts";

const recorded = new URL("../../../shared/vectors/ima/", import.meta.url);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const sha = (name: string, ...parts: Uint8Array[]) => {
  const hash = createHash(name);
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function sha1Event(pcr: number, type: number, data: Uint8Array, digest = sha("sha1", data)): Buffer {
  return Buffer.concat([u32(pcr), u32(type), digest, u32(data.length), data]);
}
function event(pcr: number, type: number, data: Uint8Array): Buffer {
  const digests = [u16(4), sha("sha1", data), u16(11), sha("sha256", data)];
  return Buffer.concat([u32(pcr), u32(type), u32(2), ...digests, u32(data.length), data]);
}
const header = sha1Event(
  0,
  3,
  Buffer.concat([
    Buffer.from("Spec ID Event03\0"),
    u32(0),
    Buffer.from([0, 2, 0, 2]),
    u32(2),
    u16(4),
    u16(20),
    u16(11),
    u16(32),
    u8(0),
  ]),
  Buffer.alloc(20),
);
const measured = Buffer.from("firmware");
const agile = Buffer.concat([
  header,
  event(0, 3, Buffer.concat([Buffer.from("StartupLocality\0"), u8(3)])),
  event(0, 8, measured),
  event(4, 4, Buffer.alloc(4)),
]);

describe("a log of measured boot", () => {
  it("in the crypto-agile form: replayed for each algorithm, from the locality that began it", () => {
    const log = parseBootLog(agile);
    expect(log.algorithms).toEqual(["sha1", "sha256"]);
    const begun = Buffer.alloc(32);
    begun[31] = 3;
    expect([...replayBootLog(log, "sha256")].map(([pcr, value]) => [pcr, hex(value)])).toEqual([
      [0, hex(sha("sha256", begun, sha("sha256", measured)))],
      [4, hex(sha("sha256", Buffer.alloc(32), sha("sha256", Buffer.alloc(4))))],
    ]);
    expect(() => replayBootLog(log, "sha384")).toThrow(
      "the log of measured boot has no sha384 digests, but those of sha1, sha256; have the firmware keep that bank",
    );
  });

  it("in the SHA-1 form", () => {
    const log = parseBootLog(Buffer.concat([sha1Event(2, 5, measured), sha1Event(2, 5, measured)]));
    const once = sha("sha1", Buffer.alloc(20), sha("sha1", measured));
    expect([...replayBootLog(log, "sha1")].map(([, value]) => hex(value))).toEqual([
      hex(sha("sha1", once, sha("sha1", measured))),
    ]);
  });

  it.skipIf(!existsSync(recorded))("of SeaBIOS and of OVMF: the registers that the machine had", () => {
    for (const machine of ["capture", "ovmf"]) {
      const file = (name: string) => readFileSync(new URL(`${machine}/${name}`, recorded));
      const log = parseBootLog(file("binary_bios_measurements"));
      const [, sha256 = ""] = file("pcrs.yaml").toString("utf8").split("sha256:");
      const had = new Map(
        [...sha256.matchAll(/(\d+) *: 0x([0-9A-F]{64})/g)].map(([, pcr, value = ""]) => [
          Number(pcr),
          value.toLowerCase(),
        ]),
      );
      const replayed = replayBootLog(log, "sha256");
      expect(replayed.size).toBeGreaterThan(5);
      for (const [pcr, value] of replayed) expect([machine, pcr, hex(value)]).toEqual([machine, pcr, had.get(pcr)]);
    }
  });

  const refusal = (bytes: Uint8Array) => {
    try {
      parseBootLog(bytes);
      return "read";
    } catch (fault) {
      const { code, message } = fault as { code?: string; message: string };
      return `${code} ${message.split("\n").length}`;
    }
  };

  it("cut within an event is refused", () => {
    const ends = new Set<number>();
    for (let length = 1; length < agile.length; length++)
      if (refusal(agile.subarray(0, length)) === "read") ends.add(length);
    // It may end behind an event: the registers of a quote show that events are missing.
    expect(ends.size).toBe(3);
  });

  it.each([
    ["a digest too many", Buffer.concat([header, u32(0), u32(8), u32(3)]), "expected 2 digests, got 3"],
    [
      "a digest twice",
      Buffer.concat([header, u32(0), u32(8), u32(2), u16(4), Buffer.alloc(20), u16(4)]),
      "one digest for each",
    ],
    ["a register that no TPM has", Buffer.concat([header, u32(99)]), "a register below 24"],
    [
      "an event longer than the log",
      Buffer.concat([sha1Event(0, 1, measured).subarray(0, 28), u32(0xffff_ffff)]),
      "expected 4294967295 bytes",
    ],
  ])("with %s is refused", (_, bytes, why) => {
    expect(() => parseBootLog(bytes)).toThrow(why);
  });

  it("any bytes are read or refused with one line", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, behind) => {
        const outcome = refusal(behind ? Buffer.concat([header, bytes]) : bytes);
        expect(["read", "bad-event-log 1"]).toContain(outcome);
      }),
    );
  });
});
