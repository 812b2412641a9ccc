/** The data that an engine puts into its report. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reportData, type ReportStatement } from "../../../packages/attest/src/tee/index.ts";

const statement: ReportStatement = {
  challenge: Buffer.alloc(32, 1),
  key: Buffer.alloc(91, 2),
  aggregate: Buffer.alloc(32, 3),
  contour: Buffer.alloc(32, 4),
};

describe("report data", () => {
  it("is what the specification says", async () => {
    const length = (value: number) => Buffer.from([0, 0, 0, value]);
    const hash = createHash("sha512").update("isoline tee 1\0");
    for (const part of [statement.challenge, statement.key, statement.aggregate, statement.contour])
      hash.update(length(part.length)).update(part);
    expect(Buffer.from(await reportData(statement)).toString("hex")).toBe(hash.digest("hex"));
  });

  it("differs for any two statements", async () => {
    const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
    const statements = fc.record({
      challenge: bytes(16, 64),
      key: bytes(32, 96),
      aggregate: bytes(32, 32),
      contour: bytes(32, 32),
    });
    const hex = (value: ReportStatement) =>
      Object.values(value)
        .map((each) => Buffer.from(each).toString("hex"))
        .join();
    await fc.assert(
      fc.asyncProperty(statements, statements, async (left, right) => {
        const isSame = Buffer.from(await reportData(left)).equals(await reportData(right));
        expect(isSame).toBe(hex(left) === hex(right));
      }),
    );
  });

  it("is about every part, and a byte that moves from one part to the next counts", async () => {
    const moved = { ...statement, challenge: Buffer.alloc(31, 1), key: Buffer.concat([Buffer.of(1), statement.key]) };
    const changed = Object.keys(statement).map((part) => ({ ...statement, [part]: Buffer.alloc(32, 9) }));
    const all = await Promise.all([statement, moved, ...changed].map(reportData));
    expect(new Set(all.map((each) => Buffer.from(each).toString("hex"))).size).toBe(6);
  });

  it.each([
    ["challenge", 15],
    ["challenge", 65],
    ["key", 0],
    ["key", 1025],
    ["aggregate", 31],
    ["contour", 33],
  ])("is refused for a %s of %i bytes", async (part, length) => {
    await expect(reportData({ ...statement, [part]: Buffer.alloc(length) })).rejects.toThrow(`expected a ${part} of`);
  });
});
