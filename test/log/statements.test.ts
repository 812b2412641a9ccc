/** Statements of a fleet as entries: docs/spec/log-entries.md. */
import { describe, expect, it } from "vitest";
import { LogError } from "../../packages/log/src/error.ts";
import { readStatement, type Statement, writeStatement } from "../../packages/log/src/statement/index.ts";
import { entriesOf, hash, image, samples, SOURCE, START, stated } from "./statements.ts";

const text = (entry: Uint8Array) => Buffer.from(entry).toString("utf8");

/** What reading bytes came to: the same bytes again, another kind of entry, or a refusal. Any other outcome is thrown. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    const statement = readStatement(bytes);
    if (statement === undefined) return "no statement";
    return Buffer.compare(writeStatement(statement), bytes) === 0 ? "the same bytes" : "other bytes";
  } catch (fault) {
    if (fault instanceof LogError) return fault.code;
    throw fault;
  }
}

describe("a statement of a fleet", () => {
  it.each(stated(samples))("is read as it was written: $kind", (statement) => {
    expect(readStatement(writeStatement(statement))).toEqual(statement);
  });

  it("is lines of text in one order", () => {
    const [entry] = entriesOf([{ ...(samples[0] as Extract<Statement, { kind: "publish-contour" }>) }]);
    expect(text(entry as Uint8Array)).toBe(
      `isoline fleet statement 1\nsource ${SOURCE}\nnumber 1\nat ${new Date(START).toISOString()}\nkind publish-contour\nname web\n` +
        `digest ${hash(1)}\nstate ${hash(2)}\nimage ${image(3)}\nimage ${image(4)}\n`,
    );
  });

  it("has no other encoding, and no reading ends in anything but a refusal: cut anywhere, or with any bit flipped", () => {
    const allowed = new Set(["the same bytes", "no statement", "bad-statement"]);
    for (const entry of entriesOf(samples)) {
      const cut = Array.from({ length: entry.length }, (_, length) => outcomeOf(entry.subarray(0, length)));
      expect(
        cut.filter(
          (outcome) => outcome !== "no statement" && outcome !== "bad-statement" && outcome !== "the same bytes",
        ),
      ).toEqual([]);
      const flipped = new Set<string>();
      for (let bit = 0; bit < entry.length * 8; bit++) {
        const copy = Uint8Array.from(entry);
        copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
        flipped.add(outcomeOf(copy));
      }
      expect([...flipped].filter((outcome) => !allowed.has(outcome))).toEqual([]);
    }
  });

  const good = text(entriesOf([samples[0] as Statement])[0] as Uint8Array);
  it.each([
    ["a further line", `${good}more x\n`, /its end: expected no further line, got "more x"/],
    ["no line feed at its end", good.slice(0, -1), /its end: expected a line feed/],
    [
      "images in another order",
      good.replace(/(image sha256:03\S+\n)(image \S+\n)/, "$2$1"),
      /image: expected .*ascending and each once/,
    ],
    ["an image twice", good.replace(/(image sha256:03\S+\n)/, "$1$1"), /image: expected .*each once/],
    ["a line twice", good.replace(/(state \S+\n)/, "$1$1"), /state: expected no line after 1, got more/],
    ["upper-case digits", good.replace(hash(1), "AB".repeat(32)), /digest: expected 64 hexadecimal digits/],
    ["a number with a zero before it", good.replace("number 1", "number 01"), /number: expected a whole number/],
    ["the number 0", good.replace("number 1", "number 0"), /number: expected a number from 1 on/],
    ["a day that no month has", good.replace(/at \d{4}-\d\d-\d\d/, "at 2026-02-30"), /at: expected a time/],
    ["a control character in a name", good.replace("name web", "name we\u001bb"), /name: expected a name/],
    [
      "a kind of its own",
      good.replace("publish-contour", "publish-path"),
      /kind: expected a kind of statement, got "publish-path"/,
    ],
    [
      "a carriage return",
      good.replaceAll("\n", "\r\n").replace("1\r\n", "1\n"),
      /source: expected 32 hexadecimal digits/,
    ],
  ])("is refused with %s", (_what, entry, why) => {
    expect(() => readStatement(Buffer.from(entry))).toThrow(why);
  });

  it("is refused where its bytes are no UTF-8", () => {
    const bytes = Buffer.from(good);
    bytes[bytes.indexOf("web")] = 0xff;
    expect(() => readStatement(bytes)).toThrow(/its text: expected UTF-8/);
  });

  it("is not written where it would not be read", () => {
    const [statement] = stated([samples[3] as Statement]);
    expect(() => writeStatement({ ...(statement as Statement), name: "two\nlines" } as Statement)).toThrow(
      /name: expected a name/,
    );
    expect(() => writeStatement({ ...(statement as Statement), number: 0.5 })).toThrow(
      /number: expected a whole number/,
    );
  });

  it("is told from entries of others, which are passed over", () => {
    expect(
      ["", "isoline fleet", "signature of app\n", '{"payloadType":"x"}'].map((entry) =>
        readStatement(Buffer.from(entry)),
      ),
    ).toEqual(Array.from({ length: 4 }, () => undefined));
  });
});
