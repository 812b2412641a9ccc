import { describe, expect, it } from "vitest";
import { sha256 } from "../digest.ts";
import { Evidence } from "./evidence.ts";
import type { RunRecord } from "./run-record.ts";
import { RunSet } from "./run-set.ts";

const point = (name: string) => sha256(Buffer.from(name));
const [open, exec, connect] = [point("open"), point("exec"), point("connect")];

function run(number: number): RunRecord {
  return {
    id: number.toString(16).padStart(16, "0"),
    when: "2026-11-26T12:00:00Z",
    command: "make",
    lens: point("lens"),
    sensor: "seccomp",
    versions: { kernel: "6.18" },
    start: "unknown",
    incomplete: {},
  };
}

function evidence(...runs: readonly (readonly [number, ReturnType<typeof point>[]])[]): Evidence {
  const made = new Evidence();
  for (const [number, points] of runs)
    made.record(
      run(number),
      points.map((each) => ({ point: each, occurrences: 2 })),
    );
  return made;
}

describe("evidence", () => {
  it("says which runs saw a point, and how often", () => {
    const seen = evidence([1, [open, exec]], [2, [open]]);
    expect([...(seen.runsOf(open) as RunSet)]).toEqual([0, 1]);
    expect((seen.runsOf(exec) as RunSet).only).toBe(0);
    expect(seen.occurrences(open)).toBe(4);
    expect(seen.runsOf(connect)).toBeUndefined();
  });

  it("refuses to record a run twice", () => {
    const seen = evidence([1, [open]]);
    expect(() => seen.record(run(1), [])).toThrow("the run 0000000000000001 is recorded already");
  });

  it("merges two branches that share runs, and counts each run once", () => {
    const merged = Evidence.merge(
      evidence([1, [open]], [2, [open, exec]]),
      evidence([1, [open]], [3, [connect, exec]]),
    );
    expect(merged.runs.map(({ id }) => Number.parseInt(id, 16))).toEqual([1, 2, 3]);
    expect([...(merged.runsOf(open) as RunSet)]).toEqual([0, 1]);
    expect([...(merged.runsOf(exec) as RunSet)]).toEqual([1, 2]);
    expect([...(merged.runsOf(connect) as RunSet)]).toEqual([2]);
  });

  it("translates to other points: several become one, which all their runs saw", () => {
    const translated = evidence([1, [open]], [2, [exec]], [3, [connect]]).translate((each) =>
      each === connect ? undefined : open,
    );
    expect([...(translated.runsOf(open) as RunSet)]).toEqual([0, 1]);
    expect(translated.occurrences(open)).toBe(4);
    expect(translated.size).toBe(1);
    expect(translated.runs).toHaveLength(3);
  });
});

describe("a set of runs", () => {
  it("holds any number of runs, and lists them in order", () => {
    const places = [0, 1, 31, 32, 63, 64, 200];
    const set = RunSet.of([...places].reverse());
    expect([...set]).toEqual(places);
    expect(set.size).toBe(places.length);
    expect(places.every((place) => set.has(place))).toBe(true);
    expect(set.has(33)).toBe(false);
    expect(set.has(5000)).toBe(false);
    expect(set.only).toBeUndefined();
    expect(RunSet.of([200]).only).toBe(200);
  });
});
