/** The benchmark of a fleet in its small form: every part runs to its end, and nothing is lost. No test asks how fast anything is. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { repository } from "../../tools/run.mjs";
import { needsSwtpm } from "../attest/swtpm.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { needsPostgres } from "../verifier/postgres.ts";

const isMissing = needsSwtpm || needsPostgres || !isInstalled("openssl") || !isBuilt;

describe.skipIf(!isCI || isMissing)(
  "npm run bench -- --only fleet (CI; needs swtpm, postgresql, openssl, a build)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "isoline-bench-fleet-"));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("measures each part, loses no verdict, writes no row for what is steady, and brings all back from a dump", () => {
      const json = join(folder, "results.json");
      const words = ["--quick", "--only", "fleet", "--json", json];
      const { status, stderr } = spawnSync(process.execPath, [join(repository, "bench/run.mjs"), ...words], {
        cwd: folder,
        encoding: "utf8",
      });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const [{ comparisons }] = JSON.parse(readFileSync(json, "utf8")).benchmarks;
      const goals = comparisons.flatMap((comparison: { goals: object[] }) => comparison.goals);
      expect(goals).toMatchObject([
        { what: "rows written by steady attestations", reached: true },
        { what: "HTTP requests of a steady attestation", reached: true },
        { what: "verdicts lost when a verifier is killed", reached: true },
        { what: "verdicts lost when PostgreSQL crashes", reached: true },
        { what: "nodes whose verdict or history did not come back", reached: true },
      ]);
      // Where nothing was acknowledged, nothing could be lost.
      const acknowledged = comparisons
        .flatMap((comparison: { notes: string[] }) => comparison.notes)
        .map((note: string) => /^(\d+) changes of verdicts were acknowledged/.exec(note)?.[1])
        .filter((count: string | undefined) => count !== undefined);
      expect(acknowledged).toHaveLength(2);
      expect(Math.min(...acknowledged.map(Number))).toBeGreaterThan(0);
    }, 300_000);
  },
);
