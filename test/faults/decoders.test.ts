/** Every parser of bytes from outside gets any bytes: it understands them, or throws an IsolineError, and nothing else. */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Contour, parseContour, writeContour } from "@isoline/core/contour";
import { IsolineError } from "@isoline/core/error";
import {
  assertEvent,
  decodeEvent,
  encodeEvent,
  escapeBytes,
  eventFromJson,
  eventToJson,
  formatAct,
  isEscaped,
  parseAct,
  unescapeToBytes,
} from "@isoline/core/event";
import { parsePolicy } from "@isoline/core/identity";
import { iso1, parseExchangeLine, profiles, TsemReader } from "@isoline/core/profile";
import { verifyContour } from "@isoline/core/verify";
import { arbitraryEvent } from "../arbitrary/event.ts";
import { arbitraryContour, contourOf, eventOf, textOf } from "../arbitrary/contour.ts";

const recorded = readFileSync(
  new URL("../../packages/core/src/profile/fixtures/trajectory-75.jsonl", import.meta.url),
  "utf8",
);
const RUNS = { numRuns: 2000 };
const user =
  "credentials user~80dcd552 uid=user euid=user suid=user fsuid=user gid=user egid=user sgid=user fsgid=user capabilities=0x0";

/** Valid bytes, damaged: cut, flipped, doubled, with bytes inserted. */
function mangled(origin: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  const change = fc.record({
    kind: fc.constantFrom("cut", "flip", "double", "insert", "fill"),
    at: fc.nat(),
    size: fc.nat({ max: 40 }),
    bytes: fc.uint8Array({ maxLength: 12 }),
  });
  return fc.tuple(origin, fc.array(change, { maxLength: 4 })).map(([bytes, changes]) => {
    let now = Buffer.from(bytes);
    for (const { kind, at, size, bytes: more } of changes) {
      const place = now.length === 0 ? 0 : at % now.length;
      const [head, part, tail] = [
        now.subarray(0, place),
        now.subarray(place, place + size),
        now.subarray(place + size),
      ];
      if (kind === "cut") now = Buffer.concat([head, tail]);
      else if (kind === "double") now = Buffer.concat([head, part, part, tail]);
      else if (kind === "insert") now = Buffer.concat([head, Buffer.from(more), part, tail]);
      else if (kind === "fill") now = Buffer.concat([head, Buffer.alloc(part.length, size % 2 ? 0xff : 0), tail]);
      else if (now.length > 0) now[place] = (now[place] ?? 0) ^ (1 << (size % 8));
    }
    return now;
  });
}

const text = (origin: fc.Arbitrary<string>) =>
  mangled(origin.map((line) => Buffer.from(line))).map((bytes) => bytes.toString("utf8"));
const thereAndBack = (json: unknown): unknown => JSON.parse(JSON.stringify(json));
/** Nested more deeply than a recursive walk would survive. */
const deepText = fc
  .constantFrom(["[", "]"], ['{"x":', "}"])
  .map(([open = "", close = ""]) => `${open.repeat(50_000)}1${close.repeat(50_000)}`);
const shallow = fc.jsonValue({ maxDepth: 4 }).map((value) => value as unknown);
const deep = deepText.map((line): unknown => JSON.parse(line));
const anyJson = fc.oneof({ weight: 50, arbitrary: shallow }, { weight: 1, arbitrary: deep });

/** The value, or undefined for an IsolineError. Any other error is thrown on, and fails the test. */
function understood<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (fault) {
    if (fault instanceof IsolineError) return undefined;
    throw fault;
  }
}

describe("any bytes", () => {
  const encoded = arbitraryEvent().map((event) => Buffer.from(encodeEvent(event)));

  it("an encoded event: what is understood encodes to the same bytes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          mangled(encoded),
          fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          const event = understood(() => decodeEvent(bytes));
          const isSound = event !== undefined && understood(() => assertEvent(event) ?? true) === true;
          return !isSound || bytes.equals(encodeEvent(event));
        },
      ),
      RUNS,
    );
  });

  it("an act: what is understood is written the same way", () => {
    fc.assert(
      fc.property(arbitraryEvent(), text(arbitraryEvent().map(formatAct)), ({ actor }, line) => {
        const event = understood(() => parseAct(line, actor));
        return event === undefined || formatAct(event) === line;
      }),
      RUNS,
    );
  });

  it("an event in JSON", () => {
    const near = arbitraryEvent().chain((event) =>
      fc
        .tuple(fc.constant(eventToJson(event) as Record<string, unknown>), fc.string(), anyJson)
        .map(([json, name, value]) => ({ ...json, [name]: value })),
    );
    const nearer = fc.tuple(arbitraryEvent(), fc.nat(), anyJson).map(([event, at, value]) => {
      const json = structuredClone(eventToJson(event)) as Record<string, unknown>;
      const members = Object.keys(json["subject"] as object);
      const name = members[at % Math.max(1, members.length)] ?? "x";
      return { ...json, subject: { ...(json["subject"] as object), [name]: value } };
    });
    fc.assert(
      fc.property(fc.oneof(anyJson, near, nearer), (json) => {
        const event = understood(() => eventFromJson(json));
        return event === undefined || isDeepStrictEqual(eventFromJson(thereAndBack(eventToJson(event))), event);
      }),
      RUNS,
    );
  });

  it("a line of a TSEM log, under either profile", () => {
    const lines = fc.constantFrom(...recorded.split("\n").filter((line) => line !== ""));
    fc.assert(
      fc.property(
        fc.oneof(
          text(lines),
          shallow.map((value) => JSON.stringify(value)),
          deepText,
          fc.string(),
        ),
        (sample) => {
          for (const profile of [profiles.quixote, profiles.iso2017])
            understood(() => new TsemReader(profile).read(Buffer.from(sample)));
          understood(() => parseExchangeLine(sample));
        },
      ),
      RUNS,
    );
  });

  it("a policy", () => {
    const policy = fc.record(
      {
        lens: fc.oneof(fc.constantFrom("default", "exact"), anyJson),
        content: fc.oneof(fc.constantFrom("executed", "read"), anyJson),
        rules: fc.oneof(fc.constant({ pty: false }), anyJson),
        pseudonyms: fc.oneof(
          fc.array(fc.record({ path: fc.string(), as: fc.string(), content: fc.boolean() })),
          anyJson,
        ),
        reaction: fc.oneof(fc.constantFrom("log", "kill"), anyJson),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(policy, anyJson), (value) => void understood(() => parsePolicy(value))),
      RUNS,
    );
  });

  it("a contour that was not mangled is understood, and written the same way", () => {
    fc.assert(
      fc.property(arbitraryContour, (contour) => {
        const bytes = Buffer.from(textOf(contour));
        return [...writeContour(parseContour(bytes) as Contour)].join("") === bytes.toString("utf8");
      }),
      { numRuns: 100 },
    );
  });

  it("a contour: what is understood has the lines that are written, in whatever order and however often", () => {
    const linesOf = (text: string) => new Set(text.split("\n").filter((line) => line !== ""));
    fc.assert(
      fc.property(mangled(arbitraryContour.map((contour) => Buffer.from(textOf(contour)))), (bytes) => {
        const contour = understood(() => parseContour(bytes)) as Contour | undefined;
        if (contour === undefined) return true;
        const written = [...writeContour(contour)].join("");
        const [read, made] = [linesOf(bytes.toString("utf8")), linesOf(written)];
        const again = [...writeContour(parseContour(Buffer.from(written)) as Contour)].join("");
        return read.size === made.size && [...read].every((line) => made.has(line)) && again === written;
      }),
      { numRuns: 500 },
    );
  });

  describe("beyond what a stack and a buffer hold", () => {
    const name = fc.integer({ min: 65_536 - 400, max: 65_536 + 40 }).map((length) => "x".repeat(length));
    const acts = name.chain((name) =>
      fc.constantFrom(
        `chmod path=/${name} mode=0100644 uid=user gid=user fs=disk to=0644`,
        `umount path=/${name} flags=1`,
        `perf type=${name}`,
      ),
    );

    it("a contour with a policy that is nested deeply, or with a long act", async () => {
      const key = `"${"k".repeat(100_000)}"`;
      const nested = fc.oneof(deepText, fc.constant("[".repeat(500_000)));
      const policies = fc.tuple(fc.constantFrom("x", "x[]", key, `${key}[]`), nested);
      const lines = fc.oneof(
        policies.map((words) => `policy ${words.join(" ")}`),
        acts.map((act) => `${user}\nby - as user~80dcd552\n  ${act} ${"0".repeat(64)}`),
      );
      const refused = expect.objectContaining({ code: "bad-contour" });
      for (const line of fc.sample(lines, 60)) {
        const bytes = Buffer.from(`isoline contour 2\nprofile iso1\n${line}\nend\n`);
        expect(() => parseContour(bytes)).toThrow(refused);
        // What a verifier does not look at, it does not refuse.
        const fault = await verifyContour(bytes).then(
          () => undefined,
          (fault: unknown) => fault,
        );
        expect(fault === undefined || fault instanceof IsolineError).toBe(true);
      }
    });

    it.each([
      ["[", "]"],
      ['{"a b":', "}"],
      ['{"\\"[[":[', "]}"],
    ])("a policy: the deepest that a contour may have is read back, and a deeper one is refused: %s", (open, close) => {
      const nesting = open.split("[").length + open.split("{").length - 2 - (open.includes('"[[') ? 2 : 0);
      const of = (depth: number) => `{"x":${open.repeat(depth / nesting)}"]"${close.repeat(depth / nesting)}}`;
      const deepest = 100 - ((100 - 1) % nesting) - 1;
      const contour = Contour.create({ profile: iso1, policy: of(deepest) });
      expect(parseContour(Buffer.from(textOf(contour))).policy).toBe(of(deepest));
      expect(() => Contour.create({ profile: iso1, policy: of(deepest + nesting) })).toThrow(
        expect.objectContaining({
          code: "bad-policy",
          message: expect.stringContaining("deeper in each other than 100"),
        }),
      );
    });

    it("an act: what is added to a contour is read back, and what is refused leaves it as it is", () => {
      const contour = contourOf([]);
      fc.assert(
        fc.property(acts, (act) => {
          const before = contour.size;
          const point = understood(() => contour.add(eventOf(act)))?.point;
          if (point === undefined) return contour.size === before;
          return formatAct(contour.event(contour.indexOfPoint(point))) === act;
        }),
        { numRuns: 200 },
      );
      parseContour(Buffer.from(textOf(contour)));
    });
  });

  it("escaped text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (sample) => {
        return !isEscaped(sample) || escapeBytes(unescapeToBytes(sample)) === sample;
      }),
      RUNS,
    );
  });
});
