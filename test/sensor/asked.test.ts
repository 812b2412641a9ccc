/**
 * A workload that decides about opens by fanotify gets events for its own opens only. It never waits for the supervisor while
 * the supervisor waits for it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler } from "./case.ts";
import { isBuilt } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

const EINVAL = 22;

describe.skipIf(!compiler || !isBuilt || !isRoot)("a listener of fanotify (needs gcc, a build and root)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench();
    const source = fileURLToPath(new URL("./asked.c", import.meta.url));
    execFileSync("gcc", ["-static", "-O1", "-o", bench.at("asker"), source]);
  });
  // A new program, which the supervisor has to read.
  beforeEach(() => copyFileSync("/bin/true", bench.at("asked")));
  afterAll(() => bench?.close());

  const run = (...words: string[]) => bench.run([], { command: [bench.at("asker"), ...words] });

  it("gets events for its own opens and no others, and its calls are answered while it has not answered", async () => {
    const outside = spawnSync(bench.at("asker"), { cwd: bench.directory, encoding: "utf8" }).stdout;
    expect(outside).toBe("asked by the child\nended 0\n");
    const { stdout, report } = await run();
    expect(stdout).toBe(outside);
    expect(report).toMatchObject({ incomplete: [] });
  });

  it("sees that a task acted, although the supervisor acts for tasks elsewhere", async () => {
    const outside = spawnSync(bench.at("asker"), ["told"], { cwd: bench.directory, encoding: "utf8" }).stdout;
    expect(outside).toBe("told of the child\nended 0\n");
    expect((await run("told")).stdout).toBe(outside);
  });

  it("of class PRE_CONTENT waits no longer than the supervisor does, and the report names what was not read", async () => {
    const { stdout, report } = await run("first");
    expect(stdout).toMatch(/^(?:asked by another\n)*asked by the child\nended 0\n$/);
    const wasAsked = stdout.includes("another");
    expect(report.incomplete.length).toBe(wasAsked ? 1 : 0);
    expect(report.events).toBeGreaterThan(0);
  });

  it("cannot mark /proc, where the supervisor reads about tasks: the kernel has no such events", async () => {
    const outside = spawnSync(bench.at("asker"), ["proc"], { cwd: bench.directory, encoding: "utf8" }).stdout;
    expect(outside).toBe(`errno ${EINVAL}\n`);
    const { stdout, report } = await run("proc");
    expect(stdout).toBe(outside);
    expect(report).toMatchObject({ incomplete: [] });
  });
});
