import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bank, bankSize } from "../../packages/isoline/src/integrity/hash-algorithms.ts";
import { readAsciiList, writeAsciiList } from "../../packages/isoline/src/integrity/list/ascii.ts";
import { diffLists } from "../../packages/isoline/src/integrity/list/diff.ts";
import type { Entry } from "../../packages/isoline/src/integrity/list/entry.ts";
import { readBinaryList } from "../../packages/isoline/src/integrity/list/read-binary.ts";
import { readRegisters } from "../../packages/isoline/src/integrity/list/register-file.ts";
import { replay } from "../../packages/isoline/src/integrity/list/replay.ts";
import { verifyList } from "../../packages/isoline/src/integrity/list/verify.ts";
import { joinFields, writeBinaryList } from "../../packages/isoline/src/integrity/list/write-binary.ts";
import { captures, fixture } from "./fixtures.ts";

const list = (name: string) => readBinaryList(fixture(`${name}.list`));
const expected = (name: string) => readRegisters(fixture(`${name}.pcrs.yaml`).toString(), name);

describe("a kernel's own list", () => {
  it.each(captures)("%s: every template digest matches its bytes", (name) => {
    expect(verifyList(list(name))).toMatchObject({ problems: [], opaque: 0 });
  });

  it.each(captures)("%s: the registers of the TPM are reached in both banks", (name) => {
    const registers = [10, 12, 13, 14];
    const wanted = expected(name).filter(({ register }) => registers.includes(register));
    const { comparisons } = verifyList(list(name), wanted);
    expect(comparisons.length).toBeGreaterThanOrEqual(2);
    expect(comparisons.filter(({ after }) => after === undefined)).toEqual([]);
  });

  it("matches a quote that was taken before its last entries", () => {
    const { comparisons, entries } = verifyList(
      list("capture"),
      expected("capture").filter((each) => each.register === 10),
    );
    expect(entries).toBe(109);
    expect(comparisons.map(({ after }) => after)).toEqual([107, 107]);
  });

  it("extends with ones for a violation that is recorded as zeros", () => {
    const { violations, comparisons } = verifyList(list("capture"), expected("capture"));
    expect(violations).toBe(1);
    expect(comparisons.find(({ register, bank }) => register === 10 && bank === "sha256")?.after).toBe(107);
  });

  it.each(captures)("%s: is written back byte for byte, in both forms", (name) => {
    const { entries, bank } = list(name);
    expect(writeBinaryList(entries, bank).equals(fixture(`${name}.list`))).toBe(true);
    expect(writeAsciiList(entries, bank).equals(fixture(`${name}.ascii`))).toBe(true);
  });

  it.each(captures)("%s: its ASCII form has the same entries", (name) => {
    const { entries, bank } = readAsciiList(fixture(`${name}.ascii`));
    expect(writeBinaryList(entries, bank).equals(fixture(`${name}.list`))).toBe(true);
  });

  it("is recognised by its digests: the file of another bank is read as that bank's", () => {
    const other = list("capture-sha256");
    expect(other.bank).toBe("sha256");
    expect(verifyList(other).problems).toEqual([]);
    expect(replay(other.entries, "sha1").entries()).toEqual(replay(list("capture").entries, "sha1").entries());
  });

  it("has the registers of each rule's own pcr=", () => {
    expect(
      replay(list("percanister").entries, "sha256")
        .entries()
        .map(([register]) => register),
    ).toEqual([10, 12, 13, 14]);
  });
});

describe("a list of a big-endian machine", () => {
  it("is read and verified like any other", () => {
    const field = (bytes: Buffer) => Buffer.concat([u32be(bytes.length), bytes]);
    const data = Buffer.concat([
      field(Buffer.concat([Buffer.from("sha256:\0"), Buffer.alloc(32, 7)])),
      field(Buffer.from("/x\0")),
    ]);
    const bytes = bigEndian([{ register: 10, digest: Buffer.alloc(20), template: "ima-ng", data }]);
    const read = readBinaryList(bytes);
    expect(read).toMatchObject({ littleEndian: false, bank: "sha1" });
    expect(verifyList(read)).toMatchObject({ violations: 1, problems: [] });
  });
});

describe("an unknown template", () => {
  const data = Buffer.from("whatever a later kernel puts here");
  const entries = [entryOf("ima-ng9", data)];
  const read = readBinaryList(writeBinaryList(entries, "sha1"));

  it("is kept unchanged, verified by its bytes, and flagged", () => {
    expect(read.entries[0]?.data.equals(data)).toBe(true);
    expect(verifyList(read)).toMatchObject({ opaque: 1, problems: [] });
  });

  it("makes no two lists equal", () => {
    expect(diffLists(read, read)).toMatchObject({ equal: false, opaque: [1, 1] });
  });
});

describe("the rarer templates", () => {
  const ng = (prefix: string) => Buffer.concat([Buffer.from(`${prefix}\0`), Buffer.alloc(32, 5)]);
  const name = Buffer.from("/usr/bin/true\0");
  const known: [string, readonly Buffer[]][] = [
    ["ima-ngv2", [ng("verity:sha256:"), name]],
    ["ima-sigv2", [ng("ima:sha256:"), name, Buffer.from("0302", "hex")]],
    ["ima-modsig", [ng("sha256:"), name, Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)]],
    [
      "evm-sig",
      [
        ng("sha256:"),
        name,
        Buffer.of(5),
        Buffer.from("security.ima\0"),
        Buffer.of(1, 0, 0, 0),
        Buffer.of(9),
        Buffer.of(1, 0, 0, 0),
        Buffer.of(2, 0, 0, 0),
        Buffer.of(0xed, 0x81),
      ],
    ],
    ["d-ng|n-ng|sig", [ng("sha256:"), name, Buffer.of(3)]],
  ];

  it.each(known)("%s survives both forms without a problem", (template, fields) => {
    const entries = [entryOf(template, joinFields(fields))];
    const read = readBinaryList(writeBinaryList(entries, "sha256"));
    expect(read.bank).toBe("sha256");
    const again = readAsciiList(writeAsciiList(read.entries, "sha256"));
    expect(again.entries[0]?.data.equals(joinFields(fields))).toBe(true);
    expect(verifyList(again)).toMatchObject({ problems: [], opaque: 0 });
  });
});

describe("a damaged list", () => {
  const bytes = fixture("percanister.list");

  it("is reported by the entry whose bytes were changed", () => {
    const changed = Buffer.from(bytes);
    const at = changed.indexOf("/host/usr/bin/cat");
    changed.write("/host/usr/bin/cut", at, "latin1");
    const { problems } = verifyList(readBinaryList(changed));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.what).toMatch(/sha1 digest is/);
  });

  it("never passes, wherever a bit is flipped: it is refused, does not verify, is flagged, or reaches another register", () => {
    const good = replay(readBinaryList(bytes).entries, "sha256").entries();
    for (let bit = 0; bit < bytes.length * 8; bit += 13) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(verdict(changed, good), `bit ${bit}`).not.toBe("passes");
    }
  });

  it("is refused in one line, wherever it is cut off inside an entry", () => {
    const ends = new Set<number>();
    let whole = 0;
    for (const entry of readBinaryList(bytes).entries) ends.add((whole += writeBinaryList([entry], "sha1").length));
    for (let length = 1; length < bytes.length; length += 7) {
      if (ends.has(length)) continue;
      expect(() => readBinaryList(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        /^measurement list, entry \d+: /,
      );
    }
  });

  it.each([
    ["a length past the end", 24 + 4 + 7, 1000],
    ["a length of 4 GiB", 24 + 4 + 7, 0xffff_ffff],
    ["a template name of 4 GiB", 24, 0xffff_fff0],
    ["a template name without a letter", 24, 0],
    ["an unknown register", 0, 64],
  ])("is refused for %s", (_, at, value) => {
    const changed = Buffer.from(bytes);
    changed.writeUInt32LE(value, at);
    expect(() => readBinaryList(changed, "sha1")).toThrow(
      /^measurement list, entry 1: .*damaged or truncated, or is not a list/,
    );
  });

  it("is refused for an invalid name of an algorithm, which would otherwise be shown", () => {
    const data = joinFields([Buffer.concat([Buffer.from("\x1b[2Jsha:\0"), Buffer.alloc(32)]), Buffer.from("/x\0")]);
    const read = readBinaryList(writeBinaryList([entryOf("ima-ng", data)], "sha1"));
    expect(verifyList(read).problems[0]?.what).toMatch(/expected the name of a hash algorithm/);
    expect(() => diffLists(read, read)).toThrow(/expected the name of a hash algorithm/);
  });

  it("is reported if a name is empty", () => {
    const data = joinFields([Buffer.concat([Buffer.from("sha256:\0"), Buffer.alloc(32)]), Buffer.from("\0")]);
    const read = readBinaryList(writeBinaryList([entryOf("ima-ng", data)], "sha1"));
    expect(
      verifyList(read)
        .problems.map(({ what }) => what)
        .join(),
    ).toMatch(/name/);
  });

  it("is only ever refused, whatever the bytes", () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged(bytes));
    fc.assert(
      fc.property(anything, (some) => {
        for (const read of [readBinaryList, readAsciiList]) {
          try {
            verifyList(read(Buffer.from(some)));
          } catch (fault) {
            if (!/^measurement list, entry \d+: /.test((fault as Error).message)) throw fault;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("two lists", () => {
  it("are told apart by name and digest, not by order or template", () => {
    const a = list("tpl-ima-ng");
    const b = list("enforce-imasig");
    expect(diffLists(a, { ...a, entries: [...a.entries].reverse() }).equal).toBe(true);
    const { same, changed } = diffLists(a, b);
    expect(same).toBeGreaterThan(40);
    expect(changed.map(({ name }) => name)).not.toContain("/init");
  });

  it("report what changed and what only one has", () => {
    const file = (name: string, byte: number) =>
      entryOf(
        "ima-ng",
        joinFields([Buffer.concat([Buffer.from("sha256:\0"), Buffer.alloc(32, byte)]), Buffer.from(`${name}\0`)]),
      );
    const of = (...entries: Entry[]) => ({ bank: "sha1" as Bank, littleEndian: true, entries });
    const difference = diffLists(of(file("/a", 1), file("/b", 1)), of(file("/host/a", 2), file("/host/c", 1)), "/host");
    expect(difference).toMatchObject({ equal: false, same: 0 });
    expect(difference.changed.map(({ name }) => name)).toEqual(["/a"]);
    expect(difference.onlyA.map(({ name }) => name)).toEqual(["/b"]);
    expect(difference.onlyB.map(({ name }) => name)).toEqual(["/c"]);
  });
});

function verdict(bytes: Buffer, good: readonly unknown[]): "refused" | "problem" | "flagged" | "another" | "passes" {
  try {
    const read = readBinaryList(bytes);
    const { problems, opaque } = verifyList(read);
    if (problems.length > 0) return "problem";
    // No digest covers the name of a template: an entry that becomes unreadable by it is flagged.
    if (opaque > 0) return "flagged";
    return JSON.stringify(replay(read.entries, "sha256").entries()) === JSON.stringify(good) ? "passes" : "another";
  } catch {
    return "refused";
  }
}

function damaged(bytes: Buffer) {
  return fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of changes) copy[at] = byte;
    return copy;
  });
}

function entryOf(template: string, data: Buffer): Entry {
  return { register: 10, digest: Buffer.alloc(bankSize.sha1, 1), template, data };
}

function bigEndian(entries: readonly Entry[]): Buffer {
  return Buffer.concat(
    entries.flatMap(({ register, digest, template, data }) => [
      u32be(register),
      digest,
      u32be(template.length),
      Buffer.from(template),
      u32be(data.length),
      data,
    ]),
  );
}

function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
