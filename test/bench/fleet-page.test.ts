/** The benchmark of the fleet's page in its small form: the page moves and takes in a storm of changes. No test asks how fast it is. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { repository } from "../../tools/run.mjs";
import { hasBrowser } from "../support/browser.ts";
import { isCI } from "../support/machine.ts";

describe.skipIf(!isCI || !hasBrowser)("npm run bench -- --only fleet-page (CI; needs chromium, a build)", () => {
  const folder = mkdtempSync(join(tmpdir(), "isoline-bench-page-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("measures the frames of the page at rest, by keys and in a storm", () => {
    const json = join(folder, "results.json");
    const words = ["--quick", "--only", "fleet-page", "--json", json];
    const { status, stderr } = spawnSync(process.execPath, [join(repository, "bench/run.mjs"), ...words], {
      cwd: folder,
      encoding: "utf8",
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const [{ comparisons }] = JSON.parse(readFileSync(json, "utf8")).benchmarks;
    expect(
      comparisons.map(({ contenders }: { contenders: { name: string }[] }) => contenders.map(({ name }) => name)),
    ).toEqual([
      ["1000 nodes"],
      ["at rest, 1000 nodes", "keys, 1000 nodes", "storm, 1000 nodes"],
      ["at rest, 1000 nodes", "keys, 1000 nodes", "storm, 1000 nodes"],
    ]);
  });
});
