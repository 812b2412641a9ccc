import { expect, test } from "vitest";
import { barredKey, isFor, onceBytes, ticketKey, verdictIn } from "./structures.ts";

test("a verdict that is valid once is for one process, and for no other that has the id of its thread by then", () => {
  const key = ticketKey(3, 500, Buffer.alloc(16, 7));
  const given = onceBytes(key, "off", 9, 2 ** 32 + 1);
  expect(verdictIn(given, key)).toBe("off");
  expect([isFor(given, 2 ** 32 + 1), isFor(given, 2)]).toEqual([true, false]);
});

test("the key of a barred process is its number in its namespace", () => {
  const key = barredKey(3, 2 ** 33);
  expect([key.length, key.readUInt32LE(0), key.readBigUInt64LE(8), key.readBigUInt64LE(16)]).toEqual([
    24,
    3,
    2n ** 33n,
    0n,
  ]);
});
