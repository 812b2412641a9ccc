/** What the last runs did not do is proposed by evidence, and removed on request. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";

let place = "";
const at = (name: string) => join(place, name);
const run = (...args: readonly string[]) => isoline([...args], { cwd: place });
const learns = (script: string) => {
  writeFileSync(at("work.sh"), script);
  return run("learn", "-q", "--merge", "-o", "a.contour", "--", "sh", "work.sh");
};
const [less, more] = ["cat one > /dev/null\n", "cat one > /dev/null; head -c 1 one > /dev/null\n"];

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), "isoline-prune-"));
  writeFileSync(at("one"), "1");
  await learns(more);
  await learns(less);
  await learns(less);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

describe.skipIf(!isBuilt)("pruning (needs a build)", () => {
  it("shows what no run saw, by program, and changes nothing", async () => {
    const before = readFileSync(at("a.contour"));
    const { status, stdout, stderr } = await run("prune", "a.contour", "--runs", "2");
    expect(status).toBe(0);
    expect(stdout).toMatch(/executed \S*head/);
    expect(stdout).not.toContain("cat");
    expect(stderr).toContain("nothing was removed");
    expect(readFileSync(at("a.contour"))).toEqual(before);
    expect((await run("prune", "a.contour", "--runs", "3")).stderr).toContain("0 of ");
  });

  it("removes it on request: what was removed departs, and the rest is on contour", async () => {
    await run("prune", "a.contour", "--runs", "2", "--remove");
    expect((await run("check", "a.contour", "--", "sh", "work.sh")).status).toBe(0);
    writeFileSync(at("work.sh"), more);
    const departed = await run("check", "a.contour", "--report", "r.json", "--", "sh", "work.sh");
    expect(departed.status).toBe(3);
    await run("accept", "a.contour", "r.json", "-q");
    // Accepted a moment ago: later runs had no occasion yet.
    expect((await run("prune", "a.contour", "--runs", "2")).stderr).toMatch(
      /accepted since the first of these runs are kept/,
    );
  });

  it("proposes nothing without evidence, or with too little of it", async () => {
    expect((await run("prune", "a.contour", "--runs", "4")).stderr).toContain(
      "expected evidence of at least 4 complete runs",
    );
    rmSync(at("a.contour.evidence"));
    const { status, stderr } = await run("prune", "a.contour", "--runs", "1", "--remove");
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
    expect(stderr).toContain("has no evidence beside it");
  });
});
