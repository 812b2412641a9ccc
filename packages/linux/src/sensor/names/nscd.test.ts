import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostAnswer, notServed, readRequest } from "./nscd.ts";

const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeInt32LE(value, 4 * index));
  return bytes;
};
const request = (type: number, key: string): Buffer => {
  const bytes = Buffer.from(key);
  return Buffer.concat([words(2, type, bytes.length), bytes]);
};
const found = { addresses: [Uint8Array.of(198, 51, 100, 7), new Uint8Array(16).fill(1)], canonical: "real.example" };

describe("a request", () => {
  it.each([
    [14, "Example.COM.\0", { form: "addresses", name: "example.com" }],
    [4, "db\0", { form: "byName", name: "db" }],
    [5, "db\0", { form: "byName6", name: "db" }],
    [14, "a b\0", "other"],
    [14, "a..b\0", "other"],
    [14, "münchen.example\0", "other"],
    [14, `${"a".repeat(64)}.example\0`, "other"],
    [14, "a", "other"],
    [0, "root\0", "other"],
    [6, "\x7f\0\0\x01", "other"],
    [13, "hosts\0", "descriptor"],
  ])("of type %i for %j", (type, key, expected) => {
    expect(readRequest(request(type, key))).toEqual(expected);
  });

  it("is waited for, and refused where it is none", () => {
    const whole = request(14, "db\0");
    for (let length = 0; length < whole.length; length++) expect(readRequest(whole.subarray(0, length))).toBe("more");
    expect(readRequest(Buffer.concat([whole, Buffer.of(0)]))).toBe("bad");
    expect(readRequest(words(1, 14, 3))).toBe("bad");
    expect(readRequest(words(2, 14, -1))).toBe("bad");
    expect(readRequest(words(2, 14, 1025))).toBe("bad");
  });

  it("is read from any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer(), fc.nat(80), (key, type, length) => {
        const read = readRequest(Buffer.concat([words(2, type, length), key]));
        expect(typeof read === "object" ? read.name : "none").toMatch(/^[\w-]+(\.[\w-]+)*$/);
      }),
    );
  });
});

it("an answer has the addresses of the host, of one family where one is asked for", () => {
  const all = hostAnswer({ form: "addresses", name: "x" }, found);
  expect([0, 4, 8, 12, 16, 20].map((at) => all.readInt32LE(at))).toEqual([2, 1, 2, 20, 13, 0]);
  expect(all.toString("latin1", 24)).toBe(`\xc6\x33\x64\x07${"\x01".repeat(16)}\x02\x0areal.example\0`);
  const six = hostAnswer({ form: "byName6", name: "x" }, found);
  expect([4, 16, 20, 24].map((at) => six.readInt32LE(at))).toEqual([1, 10, 16, 1]);
  expect(hostAnswer({ form: "byName", name: "x" }, undefined).readInt32LE(4)).toBe(0);
  expect(hostAnswer({ form: "addresses", name: "x" }, { addresses: [], canonical: "" }).readInt32LE(4)).toBe(0);
  expect(notServed().readInt32LE(4)).toBe(-1);
});
