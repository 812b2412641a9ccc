/** More events than an ordinary program makes, in known numbers: none is lost, or the loss is reported. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler } from "../sensor/case.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { Bench } from "./bench.ts";

const PATIENCE = { timeout: 240_000 };
/** As many different departures as a supervisor keeps; it counts the others (packages/core/src/engine/forensics.ts). */
const MOST_DEPARTURES = 10_000;

describe.skipIf(compiler === undefined || !isBuilt)("a flood (needs gcc, a build)", PATIENCE, () => {
  let bench: Bench;
  beforeAll(() => {
    // In memory if possible: creating a hundred thousand files is slow on a disk, with and without isoline.
    bench = new Bench(existsSync("/dev/shm") ? "/dev/shm" : undefined);
    const source = fileURLToPath(new URL("./flood.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", bench.at("flood"), source, "-lpthread"]);
  });
  afterAll(() => bench?.clear());

  /** The directory that `flood files` fills, empty. */
  const emptied = (): void => {
    execFileSync("rm", ["-rf", bench.at("many")]);
    mkdirSync(bench.at("many"));
    chmodSync(bench.at("many"), 0o755);
    if (bench.uid !== undefined) chownSync(bench.at("many"), bench.uid, bench.uid);
  };

  const floods: readonly [of: string, words: string, events: number, points: number, where?: "only in CI"][] = [
    ["2000 children, each of which opens a file", "forks 2000", 2000, 1],
    ["500 children that have lost their parent", "orphans 500", 500, 1],
    ["a chain of 200 processes", "nested 200", 1, 1],
    ["100 000 opens of one file", "same 100000", 100_000, 1],
    ["10 000 files", "files 10000", 10_000, 10_000],
    ["200 threads with 250 opens each", "threads 200 250", 50_000, 1, "only in CI"],
    ["40 000 files", "files 40000", 40_000, 40_000, "only in CI"],
  ];
  for (const [of, words, events, points, where] of floods)
    it.skipIf(where && !isCI)(`of ${of}: every event is there, and no other${where ? ` (${where})` : ""}`, async () => {
      emptied();
      const command = ["./flood", ...words.split(" ")];
      const learnt = await bench.run("learn -q -o contour --report report.json", command);
      expect(learnt).toMatchObject({ status: 0, stderr: "" });
      // One more of each: the execution of the program itself.
      expect(bench.report()).toMatchObject({ events: events + 1, points: points + 1, incomplete: [], guesses: 0 });

      emptied();
      const checked = await bench.run("check -q contour --enforce --report report.json", command);
      expect(checked).toMatchObject({ status: 0, stderr: "" });
      expect(bench.report()).toMatchObject({ verdict: "on-contour", events: events + 1, off: 0, incomplete: [] });
    });

  it("of equal departures: every one is counted, and one is reported", async () => {
    await bench.run("learn -q -o contour", ["./flood", "same", "0"]);
    const { status } = await bench.run("check -q contour --enforce --report report.json", ["./flood", "same", "50000"]);
    expect(status).toBe(3);
    const { off, refused, departures } = bench.report();
    expect({ off, refused, departures: departures.length }).toEqual({ off: 50_000, refused: 50_000, departures: 1 });
  });

  it.skipIf(!isCI)("of different departures: all are counted, as many as fit are reported (only in CI)", async () => {
    emptied();
    await bench.run("learn -q -o contour", ["./flood", "same", "0"]);
    const { status } = await bench.run("check contour --enforce --report report.json", ["./flood", "files", "50000"]);
    expect(status).toBe(3);
    const { off, refused, departures } = bench.report();
    expect({ off, refused, departures: departures.length }).toEqual({
      off: 50_000,
      refused: 50_000,
      departures: MOST_DEPARTURES,
    });
    expect(departures.filter(({ count, refused: times }) => count !== 1 || times !== 1)).toEqual([]);
  });
});
