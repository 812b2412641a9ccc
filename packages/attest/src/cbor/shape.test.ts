/** What is read, against a decoder of its own: exactly the values of the shape, in exactly the encoding that would be written. */
import { decode, encode } from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, choice, count, list, map, type Of, optional, read, text, word, write, yes } from "./shape.ts";

/** The other decoder drops it where a text begins with it. */
const BYTE_ORDER_MARK = "\ufeff";

const inner = map({ size: count, is: yes, called: optional(text(8)) });
const shape = map({
  type: word("one", "another"),
  label: text(40),
  raw: bytes(0, 300),
  digest: optional(bytes(4)),
  number: count,
  parts: list(inner, 30),
  z: optional(inner),
});
type Value = Of<typeof shape>;

const innerValue = fc.record(
  {
    size: fc.maxSafeNat(),
    is: fc.boolean(),
    called: fc.string({ unit: "grapheme", maxLength: 2 }).filter(({ length }) => length <= 8),
  },
  { requiredKeys: ["size", "is"] },
);
const values = fc.record(
  {
    type: fc.constantFrom("one", "another"),
    label: fc.string({ unit: "binary", maxLength: 40 }),
    raw: fc.uint8Array({ maxLength: 300 }),
    digest: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    number: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32)),
    parts: fc.array(innerValue, { maxLength: 30 }),
    z: innerValue,
  },
  { requiredKeys: ["type", "label", "raw", "number", "parts"] },
);

/** The value by cborg, which reads more than one encoding: undefined unless it has the shape and is written as it came. */
function byOther(given: Uint8Array): unknown {
  try {
    const value = shape.check(decode(given, { strict: true, rejectDuplicateMapKeys: true }), "");
    return Buffer.from(encode(value)).equals(Buffer.from(given)) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Refused is undefined; another error than a refusal is an error. */
function byUs(given: Uint8Array): Value | undefined {
  try {
    return read(shape, given, 1000, "it");
  } catch (fault) {
    if ((fault as { code?: string }).code === "bad-evidence-format") return undefined;
    throw fault;
  }
}

const written = (value: unknown) => Buffer.from(encode(value));
const good = { type: "one", label: "a", raw: new Uint8Array(2), number: 7, parts: [] };
const why = (value: unknown) => {
  try {
    return read(shape, value instanceof Uint8Array ? value : written(value), 1000, "it").label;
  } catch (fault) {
    return (fault as Error).message.replace(/^evidence that cannot be read: (.*); fetch it again.*$/, "$1");
  }
};

describe("a shape", () => {
  it("reads what was written", () => {
    fc.assert(
      fc.property(values, (value) => {
        fc.pre(
          !value.label.startsWith(BYTE_ORDER_MARK) &&
            !value.label.includes("\0") &&
            !value.parts.some(({ called = "" }) => called.includes("\0")),
        );
        fc.pre(!/\p{Surrogate}/u.test(value.label) && !(value.z?.called ?? "").includes("\0"));
        const given = write(shape, value as Value, "it");
        expect(byUs(given)).toEqual(byOther(given));
        expect(byUs(Buffer.from(given))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it("reads a text that begins with a byte order mark as it came", () => {
    expect(byUs(written({ ...good, label: `${BYTE_ORDER_MARK}a` }))?.label).toBe(`${BYTE_ORDER_MARK}a`);
  });

  it("reads of changed bytes what another decoder reads and would write so, and refuses the others", () => {
    let accepted = 0;
    const changes = fc.array(
      fc.record({ at: fc.nat(), by: fc.constantFrom("flip", "set", "insert", "drop"), byte: fc.nat(255) }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(values, changes, (value, all) => {
        fc.pre(!value.label.startsWith(BYTE_ORDER_MARK));
        let given = written(value);
        for (const { at, by, byte } of all) {
          const place = at % (given.length + 1);
          const rest = given.subarray(by === "insert" ? place : place + 1);
          const changed = by === "flip" ? (given[place] ?? 0) ^ (1 << (byte & 7)) : byte;
          given = Buffer.concat([given.subarray(0, place), by === "drop" ? Buffer.alloc(0) : Buffer.of(changed), rest]);
        }
        const ours = byUs(given);
        expect(ours).toEqual(byOther(given));
        if (ours !== undefined) accepted++;
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it.each([
    [{ ...good, more: 1 }, 'it: expected no member "more", got one'],
    [{ ...good, label: undefined }, /^it\.label: expected text ≤ 40, got another value$/],
    [{ ...good, number: -1 }, "it.number: expected unsigned, got a negative number"],
    [{ ...good, number: 2n ** 60n }, "it.number: expected unsigned, got a number above 2⁵³ − 1"],
    [{ ...good, number: 1.5 }, "it.number: expected unsigned, got another value"],
    [{ ...good, raw: new Uint8Array(301) }, "it.raw: expected bytes 0–300, got 301 bytes"],
    [
      {
        ...good,
        parts: [
          { is: true, size: 1 },
          { is: 1, size: 1 },
        ],
      },
      "it.parts[1].is: expected boolean, got a number",
    ],
    [{ ...good, parts: Array(31).fill({ is: true, size: 1 }) }, "it.parts: expected at most 30 elements, got 31"],
    [{ ...good, type: "third" }, 'it.type: expected "one" · "another", got "third"'],
    [{ ...good, label: "a\0" }, 'it.label: expected text ≤ 40, got "a\\u0000"'],
    [{ ...good, label: `${"a".repeat(38)}😀\0` }, /^it\.label: expected text ≤ 40, got "a{38}$/],
    [{ ...good, label: "x".repeat(121) }, "it.label: expected text ≤ 40, got a text of 121 bytes"],
    [{ type: "one", raw: new Uint8Array(2), number: 7, parts: [] }, 'it: expected a member "label", got "parts"'],
    [[], "it: expected a map, got a list"],
    [Buffer.concat([written(good), Buffer.of(0)]), "it: expected nothing behind its end, got 1 more bytes"],
    [written(good).subarray(0, -1), "it.number: expected unsigned, got the end"],
    [{ type: "one", label: "a", raw: new Uint8Array(2), parts: [] }, 'it: expected a member "number", got none'],
    [Buffer.from("bf6161f6ff", "hex"), "it: expected a definite length, got another"],
    [Buffer.alloc(0), "it: expected a map, got the end"],
  ])("says what is wrong: %#", (value, expected) => {
    expect(why(value)).toMatch(expected);
  });
});

describe("a choice", () => {
  const either = choice("kind", {
    text: map({ at: count, kind: word("text"), a: text(9) }),
    flag: map({ kind: word("flag"), on: yes }),
  });
  const readIt = (value: unknown) => read(either, written(value), 100, "it");

  it("has the shape that its member says", () => {
    expect(readIt({ at: 1, kind: "text", a: "b" })).toEqual({ at: 1, kind: "text", a: "b" });
    expect(readIt({ kind: "flag", on: true })).toEqual({ kind: "flag", on: true });
  });

  it.each([
    [{ kind: "other", on: true }, 'expected a kind of text · flag, got "other"'],
    [{ on: true }, "expected a kind of text · flag, got nothing"],
    [{ kind: 1 }, "expected a text, got a number"],
    [{ kind: "flag", on: [[], {}, "x"] }, "expected boolean, got a list"],
    [7, "expected a map, got a number"],
  ])("is refused otherwise: %#", (value, expected) => {
    expect(() => readIt(value)).toThrow(expected);
  });
});
