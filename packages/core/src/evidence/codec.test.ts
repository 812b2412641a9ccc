import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Digest, sha256 } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { decodeEvidence } from "./decode.ts";
import { encodeEvidence } from "./encode.ts";
import { Evidence, MOST_RUNS } from "./evidence.ts";
import type { RunRecord } from "./run-record.ts";

const point = (name: string | number) => sha256(Buffer.from(String(name)));

function run(number: number): RunRecord {
  return {
    id: number.toString(16).padStart(16, "0"),
    when: `2026-11-26T12:00:${String(number % 60).padStart(2, "0")}Z`,
    command: "make 'ä b'",
    lens: point("lens"),
    sensor: "seccomp",
    versions: { kernel: "6.18" },
    start: "unknown",
    incomplete: {},
  };
}

/** Evidence of `runs` runs; a point is seen by those that `sees` says. */
function evidenceOf(runs: number, points: readonly Digest[], sees: (point: number, run: number) => boolean): Evidence {
  const evidence = new Evidence();
  for (let number = 0; number < runs; number++) {
    const seen = points.filter((_, at) => sees(at, number));
    evidence.record(
      run(number),
      seen.map((each, at) => ({ point: each, occurrences: at + 1 })),
    );
  }
  return evidence;
}

function whole(evidence: Evidence, points: readonly Digest[]): unknown {
  const { runs, past, size, replaced, acceptances } = evidence;
  const seen = points.map((each) => [
    [...(evidence.runsOf(each) ?? [])],
    evidence.occurrences(each),
    evidence.countOf(each),
  ]);
  return { runs, past, size, replaced, acceptances, seen, points: new Set(evidence.points()) };
}

const remarked = () => {
  const evidence = evidenceOf(11, [point("a"), point("b"), point("c")], (at, number) => number % (at + 1) === 0);
  const act = { point: point("x"), task: point("task"), credentials: "uid=0", act: "chroot path=/" };
  evidence.addReplaced([{ rule: '{"path":"$CWD/*"}', ...act }]);
  evidence.addAcceptances([
    { point: point("c"), when: "2026-11-26T12:00:00Z", by: "ann", reason: "an update", source: "report.json" },
  ]);
  return evidence;
};

/** The evidence, or the message of the one refusal there is; any other error fails the test. */
function read(bytes: Uint8Array): Evidence | string {
  try {
    return decodeEvidence(bytes);
  } catch (error) {
    if (error instanceof IsolineError && error.code === "bad-evidence") return error.message;
    throw error;
  }
}

function refusal(bytes: Uint8Array): string {
  const message = read(bytes);
  return message instanceof Evidence ? "accepted" : message;
}

describe("an evidence file", () => {
  it("gives back the evidence that it was written from", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(30), fc.array(fc.boolean(), { minLength: 1 }), (runs, points, pattern) => {
        const all = Array.from({ length: points }, (_, at) => point(at));
        const evidence = evidenceOf(runs, all, (at, number) => pattern[(at * 31 + number) % pattern.length] === true);
        const bytes = encodeEvidence(evidence);
        const again = decodeEvidence(bytes);
        again.resolve(all);
        expect(whole(again, all)).toEqual(whole(evidence, all));
        expect(encodeEvidence(again)).toEqual(bytes);
      }),
    );
  });

  it("keeps what was replaced and what was accepted, and gives back what a rule had replaced", () => {
    const again = decodeEvidence(encodeEvidence(remarked()));
    expect(again.replaced).toEqual(remarked().replaced);
    expect(again.acceptances).toEqual(remarked().acceptances);
    expect(again.takeReplaced("another rule")).toEqual([]);
    expect(again.takeReplaced('{"path":"$CWD/*"}')).toEqual(remarked().replaced);
    expect(again.replaced).toEqual([]);
  });

  it("gives only points that the contour has", () => {
    const again = decodeEvidence(encodeEvidence(remarked()));
    expect([...again.points()]).toEqual([]);
    again.resolve([point("a"), point("unseen")]);
    expect([...again.points()]).toEqual([point("a")]);
    expect(again.runsOf(point("b"))?.size).toBe(6);
  });

  it("needs at most a bit for each point and run, and twelve bytes a point", () => {
    const [runs, points] = [64, 5000];
    const all = Array.from({ length: points }, (_, at) => point(at));
    const size = (sees: (at: number, number: number) => boolean) => encodeEvidence(evidenceOf(runs, all, sees)).length;
    const head = 64 * 350;
    expect(size(() => true)).toBeLessThan(points * 12 + head);
    const alternating = size(
      (at, number) => (Number.parseInt(all[at]?.slice(0, 8) ?? "", 16) >>> (number % 32)) % 2 === 1,
    );
    expect(alternating).toBeLessThan((points * runs) / 8 + points * 14 + head);
  });

  it("is the same for the same evidence, whichever branch is merged into which", () => {
    const all = [point("a"), point("b"), point("c")];
    const one = evidenceOf(5, all, (at, number) => (at + number) % 2 === 0);
    const other = evidenceOf(9, all, (at, number) => (at * number) % 3 === 0);
    const merged = encodeEvidence(Evidence.merge(one, other));
    expect(encodeEvidence(Evidence.merge(other, one))).toEqual(merged);
    expect(encodeEvidence(Evidence.merge(decodeEvidence(merged), one))).toEqual(merged);
  });
});

describe("the oldest runs", () => {
  it("are folded when there are too many, and are counted as before", () => {
    const evidence = evidenceOf(MOST_RUNS + 1, [point("a"), point("b")], (at, number) => at === 0 || number % 2 === 0);
    expect(evidence.past).toBe(64);
    expect(evidence.runs).toHaveLength(MOST_RUNS + 1 - 64);
    expect(evidence.runs[0]?.id).toBe(run(64).id);
    expect([evidence.countOf(point("a")), evidence.countOf(point("b"))]).toEqual([MOST_RUNS + 1, 32 + 225]);
    expect(evidence.runsOf(point("b"))?.size).toBe(225);
    expect(evidence.runsOf(point("b"))?.has(0)).toBe(true);
    expect(() => evidence.record(run(3), [])).toThrow("is recorded already");
    const again = decodeEvidence(encodeEvidence(evidence));
    expect(encodeEvidence(again)).toEqual(encodeEvidence(evidence));
    expect(
      Evidence.merge(
        again,
        evidenceOf(5, [point("a")], () => true),
      ).past,
    ).toBe(64);
  });
});

describe("a damaged evidence file is refused", () => {
  const bytes = encodeEvidence(remarked());

  it("truncated at every length", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(refusal(bytes.subarray(0, length))).toMatch(/^evidence file/);
  });

  it("with every bit flipped", () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(refusal(flipped)).toMatch(/^evidence file/);
    }
  });

  it("of any other bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        expect(refusal(input)).toMatch(/^evidence file/);
      }),
    );
  });
});

describe("by a forger who computes the digest again", () => {
  const body = encodeEvidence(remarked()).subarray("isoline evidence 1\nsha256 ".length + 65);
  const forged = (change: Buffer) =>
    Buffer.concat([Buffer.from(`isoline evidence 1\nsha256 ${sha256(change)}\n`), change]);
  const replaced = (from: string, to: string) => {
    expect(body.includes(from)).toBe(true);
    return forged(Buffer.from(body.toString("latin1").replace(from, to), "latin1"));
  };

  it("nothing is changed without a change", () => {
    expect(decodeEvidence(forged(body)).runs).toHaveLength(11);
  });

  it.each<[string, () => Buffer, RegExp]>([
    ["more sets than could be held", () => replaced("\nsets 3", "\nsets 99999999"), /a number up to/],
    ["more sets than there are", () => replaced("\nsets 3", "\nsets 1000000"), /the end of the file/],
    ["more points than there are", () => replaced("\npoints 3", "\npoints 4"), /the end of the file/],
    ["fewer points", () => replaced("\npoints 3", "\npoints 2"), /more bytes/],
    ["a run twice", () => replaced("0000000000000003", "0000000000000004"), /each run once/],
    ["a run without an id", () => replaced('"id":"0000000000000003"', '"id":"x"'), /evidence-file\.md/],
    ["a run of no known start", () => replaced('"start":"unknown"', '"start":"blessed"'), /evidence-file\.md/],
    ["text that is not JSON", () => replaced('run {"id"', "run {id"), /evidence-file\.md/],
    ["another version", () => Buffer.from("isoline evidence 2\n"), /first line/],
  ])("%s", (_, bytes, message) => {
    expect(refusal(bytes())).toMatch(message);
  });

  it("any byte replaced is refused, or is evidence that can be written again", () => {
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (place, byte) => {
        const changed = Buffer.from(body);
        changed[place] = byte;
        const again = read(forged(changed));
        expect(again instanceof Evidence ? encodeEvidence(again).length : again).toSatisfy(Boolean);
      }),
      { numRuns: 2000 },
    );
  });
});
