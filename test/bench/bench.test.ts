/**
 * The harness reports what it measured and what it could not, in a form that other programs can read. No test asks how fast
 * anything is.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inTurn } from "../../bench/harness/contest.mjs";
import { paired, quantile, summary } from "../../bench/harness/statistics.mjs";
import { machineModule } from "../../bench/harness/stock-kernel.mjs";
import { page } from "../../bench/harness/page.mjs";
import { repository } from "../../tools/run.mjs";

const folder = mkdtempSync(join(tmpdir(), "isoline-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bench = (...words: string[]) =>
  spawnSync(process.execPath, [join(repository, "bench/run.mjs"), ...words], { cwd: folder, encoding: "utf8" });

describe.skipIf(!existsSync(join(repository, "packages/core/dist/index.js")))("npm run bench", () => {
  const json = join(folder, "results.json");
  const markdown = join(folder, "results.md");
  let ran: ReturnType<typeof bench>;
  beforeAll(() => {
    ran = bench("--quick", "--pairs", "1", "--only", "engine-known", "--json", json, "--markdown", markdown);
  });

  it("ends with success and prints a table and the goals", () => {
    expect(ran.stderr).toMatch(/^engine-known …/m);
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(/lookups of known keys/);
    expect(ran.stdout).toMatch(/^goal +measured/m);
  });

  it("writes every figure, with when and on what machine it was taken, but no name of the machine", () => {
    const results = JSON.parse(readFileSync(json, "utf8"));
    expect(results).toMatchObject({ format: "isoline-bench 1", quick: true, skipped: [], failed: [] });
    expect(results.date).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC$/);
    expect(results.machine).toMatchObject({ kernel: expect.stringMatching(/^\d+\./), node: process.versions.node });
    const [{ name, comparisons }] = results.benchmarks;
    expect(name).toBe("engine-known");
    for (const contender of comparisons[0].contenders) {
      expect(contender.figures).toHaveLength(1);
      expect(contender.median).toBeGreaterThan(0);
      expect(contender.quartiles).toHaveLength(2);
    }
    expect(comparisons[0].contenders[1].against.ratio).toBeGreaterThan(0);
    expect(readFileSync(json, "utf8")).not.toContain(folder);
  });

  it("writes a page for readers, and the same again from the figures", () => {
    const written = readFileSync(markdown, "utf8");
    expect(written).toMatch(/^# Performance: .+, \d+ cores\n/);
    expect(written).toMatch(/A quick run/);
    expect(page(JSON.parse(readFileSync(json, "utf8")))).toBe(written);
  });

  it("names what a benchmark needs that is not installed, and ends with success", () => {
    const alone = { cwd: folder, encoding: "utf8", env: { PATH: join(folder, "no-programs") } } as const;
    const names = ["bpf-machine", "bpf-flood", "bpf-others"];
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(repository, "bench/run.mjs"), "--quick", "--only", ...names],
      alone,
    );
    expect(status).toBe(0);
    for (const name of names) expect(stdout).toContain(`skipped: ${name}: everything (gcc not installed)`);
  });

  it("names what to fetch where there is no source of another verifier, and ends with success", () => {
    const { status, stdout } = bench("--quick", "--only", "fleet-peer");
    expect(status).toBe(0);
    expect(stdout).toContain(
      "skipped: fleet-peer: everything (no source of Keylime; fetch https://github.com/keylime/",
    );
    const wrong = bench("--quick", "--only", "fleet-peer", "--set", `keylime=${folder}`);
    expect(wrong.status).toBe(0);
    expect(wrong.stdout).toContain(`skipped: fleet-peer: everything (no source of Keylime in ${folder}`);
  });

  it("refuses a setting without a value", () => {
    const { status, stderr } = bench("--set", "nodes");
    expect(status).toBe(2);
    expect(stderr).toBe('bench: expected NAME=VALUE after --set, got "nodes"\n');
  });

  it("refuses an unknown benchmark by name", () => {
    const { status, stderr } = bench("--only", "engine-unknown");
    expect(status).toBe(2);
    expect(stderr).toMatch(/expected one of engine-known, .*got "engine-unknown"/);
  });
});

describe("the machine of the tests, for benchmarks", () => {
  it("is compiled, and finds the files beside its sources", async () => {
    const machines = await machineModule(folder);
    expect(machines.repository).toBe(repository);
    expect(machines.kinds.map(({ name }) => name)).toContain("with bpf in lsm=");
    for (const kind of machines.kinds) expect(machines.testsFor(kind, true).chosen.length).toBeGreaterThan(3);
  });
});

describe("a contest", () => {
  it("takes turns, reverses the order each round, and discards the warm-up", async () => {
    const order: string[] = [];
    const contender = (name: string) => () => order.push(name);
    const figures = await inTurn({ a: contender("a"), b: contender("b") }, { rounds: 2, warmups: 1 });
    expect(order.join("")).toBe("baabba");
    expect(figures).toEqual({ a: [3, 6], b: [4, 5] });
  });
});

describe("statistics", () => {
  it("give median and quartiles", () => {
    expect(summary([4, 1, 3, 2, 5])).toEqual({ median: 3, quartiles: [2, 4], range: [1, 5] });
    expect(quantile([1, 2], 0.5)).toBe(1.5);
    expect(() => quantile([], 0.5)).toThrow(/at least one figure/);
  });

  it("compare round by round", () => {
    const { ratio, ratios, differences } = paired([2, 6, 20], [1, 2, 10]);
    expect(ratio).toBe(3);
    expect(ratios.median).toBe(2);
    expect(differences.median).toBe(4);
  });
});
