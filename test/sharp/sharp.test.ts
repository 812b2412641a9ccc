/**
 * Sharpness: for each class of operation, one small deviation from a learnt workload. When watched, it is seen and explained;
 * when enforced, it is refused and has no effect. The results are the table in docs/sharpness.md.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { operationNames } from "@isoline/core/event";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler } from "../sensor/case.ts";
import { isBuilt, SYSTEM_PATH } from "../support/isoline.ts";
import { Bench, type Deviation } from "./deviation.ts";
import { enforced, enforcedAs, watched, watchedAs } from "./verdict.ts";
import { suite } from "./suite.ts";
import { compilePrograms, Outside, type Programs } from "./place.ts";
import { departure } from "./baseline.ts";
import { page, type Row } from "./page.ts";
import { isCI, isRoot } from "../support/machine.ts";

const possible = compiler !== undefined && isBuilt;
const isThere = (program: string) =>
  spawnSync(program, ["--version"], { env: { PATH: SYSTEM_PATH } }).error === undefined;
const all = suite.flatMap(({ deviations }) => deviations);
const rows = new Map<Deviation, Row>();
/** The first deviation of each operation; the others take a minute and a half, in CI. */
const quick = new Set(operationNames.map((name) => all.find(({ acts }) => acts[0]?.startsWith(`${name} `))));

describe.skipIf(!possible)("deviations (needs gcc, a build)", () => {
  let programs: Programs;
  let outside: Outside;
  let bench: Bench;
  beforeAll(async () => {
    programs = compilePrograms();
    outside = await Outside.open(programs.directory);
    bench = new Bench(programs, outside);
  });
  afterAll(() => {
    outside?.close();
    if (programs) rmSync(programs.directory, { recursive: true, force: true });
  });

  it("a workload that does the same again is on contour", async () => {
    const same = departure({ learnt: "one act of each kind", departs: "nothing", acts: [] });
    const contour = await bench.learn(same);
    expect(watched(same, await bench.deviate(same, contour, "watch"))).toEqual(watchedAs(same));
    expect(enforced(same, await bench.deviate(same, contour, "enforce"))).toEqual(enforcedAs(same));
  });

  for (const { title, deviations } of suite) {
    describe(`${title}`, () => {
      for (const deviation of deviations) {
        const { learnt, departs, by, needs } = deviation;
        const missing =
          needs !== undefined && !isThere(needs)
            ? ` (needs ${needs})`
            : by === "root" && !isRoot
              ? " (needs root)"
              : !isCI && !quick.has(deviation)
                ? " (only in CI)"
                : "";
        it.skipIf(missing !== "")(`${learnt}; ${departs}${missing}`, async () => {
          const contour = await bench.learn(deviation);
          const watching = await bench.deviate(deviation, contour, "watch");
          expect(watched(deviation, watching)).toEqual(watchedAs(deviation));
          const enforcing = await bench.deviate(deviation, contour, "enforce");
          expect(enforced(deviation, enforcing)).toEqual(enforcedAs(deviation));
          rows.set(deviation, { watched: watching, enforced: enforcing });
        });
      }
    });
  }

  it("every operation of the table has a deviation, or one under the rule that sees it (test/names)", () => {
    const covered = new Set(all.flatMap(({ acts }) => acts.map((act) => act.split(" ")[0])));
    expect(operationNames.filter((name) => !covered.has(name))).toEqual(["resolve"]);
  });

  it.skipIf(!isCI || !isRoot || all.some(({ needs }) => needs !== undefined && !isThere(needs)))(
    "docs/sharpness.md lists the results (only in CI; needs root and every program; `CI=1 npx vitest run test/sharp -u` writes it)",
    async () => {
      expect(rows.size, "deviations with the expected result").toBe(all.length);
      await expect(page(suite, rows)).toMatchFileSnapshot("../../docs/sharpness.md");
    },
  );
});
