/**
 * Every deviation again, from contours that were learnt in several runs and generalised: what a rule gives up, it says; a small
 * deviation is still seen, and refused when enforcing. Minutes, so in CI only.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler } from "../sensor/case.ts";
import { isBuilt, SYSTEM_PATH } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";
import { departure } from "./baseline.ts";
import { Bench } from "./deviation.ts";
import { compilePrograms, Outside, type Programs } from "./place.ts";
import { suite } from "./suite.ts";

const isThere = (program: string) =>
  spawnSync(program, ["--version"], { env: { PATH: SYSTEM_PATH } }).error === undefined;
const possible = compiler !== undefined && isBuilt && isCI;

describe.skipIf(!possible)("deviations from a generalised contour (needs gcc, a build; only in CI)", () => {
  let programs: Programs;
  let outside: Outside;
  let bench: Bench;
  beforeAll(async () => {
    programs = compilePrograms();
    outside = await Outside.open(programs.directory);
    bench = new Bench(programs, outside, { generalised: true });
  });
  afterAll(() => {
    outside?.close();
    if (programs) rmSync(programs.directory, { recursive: true, force: true });
  });

  it("a run with another name is on contour, by a rule", async () => {
    const same = departure({ learnt: "one act of each kind", departs: "nothing", acts: [] });
    const contour = await bench.learn(same);
    expect(readFileSync(contour, "utf8")).toContain("{varied-<n>}.txt");
    expect((await bench.deviate(same, contour, "enforce")).status).toBe(0);
  });

  for (const { title, deviations } of suite) {
    describe(`${title}`, () => {
      for (const deviation of deviations) {
        const { learnt, departs, by, needs, acts } = deviation;
        const isPossible = (needs === undefined || isThere(needs)) && (by !== "root" || isRoot);
        it.skipIf(!isPossible)(`${learnt}; ${departs}`, async () => {
          const contour = await bench.learn(deviation);
          const watched = await bench.deviate(deviation, contour, "watch");
          const enforced = await bench.deviate(deviation, contour, "enforce");
          expect({
            watched: watched.status,
            incomplete: [...watched.report.incomplete, ...enforced.report.incomplete],
            enforced: enforced.status,
            slipped: enforced.report.off - enforced.report.refused,
            happened: enforced.happened ?? false,
          }).toEqual({
            watched: acts.length > 0 ? 3 : 0,
            incomplete: [],
            enforced: acts.length > 0 ? 3 : 0,
            slipped: 0,
            happened: acts.length === 0 && enforced.happened !== undefined,
          });
        });
      }
    });
  }
});
