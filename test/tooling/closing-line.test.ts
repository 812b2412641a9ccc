/**
 * `npm test` and `.ci/run` on a small tree: whatever happens, the last line counts it, and the exit status agrees with that
 * line.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { checks } from "../../tools/checks.mjs";
import { staleInstallation } from "../../tools/install.mjs";
import { preparation } from "../../tools/prepare.mjs";
import { repository, run } from "../../tools/run.mjs";
import { reportStage, Tally } from "../../tools/tally.mjs";
import { afterSecondRun } from "../../tools/test-runs.mjs";
import { TinyTree } from "./tiny-tree.ts";
import { isCI } from "../support/machine.ts";

/** The stages, with the build of the BPF programs, which is repeated once the system packages are installed. */
const STAGES = preparation.length + 1 + checks.length;

const manifest = (path: string) =>
  JSON.parse(readFileSync(join(repository, path, "package.json"), "utf8")) as Readonly<
    Record<"dependencies" | "devDependencies", Readonly<Record<string, string>> | undefined>
  >;
const dependenciesOfTools = Object.keys(manifest(".").devDependencies ?? {});
const dependenciesOfPackages = readdirSync(join(repository, "packages"))
  .flatMap((name) => Object.keys(manifest(`packages/${name}`).dependencies ?? {}))
  .filter((name) => !dependenciesOfTools.includes(name));

/** The page of dependencies without those of the packages: those of the tree have none. */
const pageOfTools = readFileSync(join(repository, "docs/dependencies.md"), "utf8")
  .split("\n")
  .filter((line) => !dependenciesOfPackages.some((name) => line.startsWith(`| \`${name}\` |`)))
  .join("\n");

/** A tree with these tools in it, which needs no system package and is already installed. */
function testableTree(changes: Record<string, string> = {}): TinyTree {
  // The tree links to our node_modules. If that were stale, `npm ci` in the tree would replace it here.
  expect(staleInstallation()).toBeUndefined();
  const tree = new TinyTree();
  for (const file of ["tools", ".ci", "package.json", "package-lock.json", "vitest.config.ts"]) tree.copy(file);
  tree.write("docs/dependencies.md", pageOfTools);
  tree.write("tools/system-packages.txt", "# none\n");
  // Some exports of the tools, and some dependencies, are used only by tests and packages that this tree does not contain.
  const ignored = dependenciesOfTools.map((name) => `    "${name}"`).join(",\n");
  const knip = readFileSync(join(repository, "knip.json"), "utf8")
    .replace(/tools\/\{[^}]*\}\.mjs/, "tools/**/*.mjs")
    .replace(/^ {2}"ignoreDependencies": \[[^\]]*\]/m, `  "ignoreDependencies": [\n${ignored}\n  ]`);
  tree.write("knip.json", knip);
  for (const [path, text] of Object.entries(changes)) tree.write(path, text);
  return tree;
}

const testFile = (body: string) =>
  `import fc from "fast-check";\nimport { expect, it } from "vitest";\n\nit("is", () => {\n  expect(fc).toBeDefined();\n});\n${body}`;

async function ciRun(tree: TinyTree): Promise<{ status: number; lines: string[]; output: string }> {
  const { status, output } = await run([join(tree.root, ".ci/run")], { cwd: "/" });
  return { status, output, lines: output.trimEnd().split("\n") };
}

/** What the run of the tests of a tree counts, without the stages before it. */
async function testsOf(tree: TinyTree, limitSeconds = 200): Promise<unknown> {
  const program = `import { runTests } from "./tools/test-runs.mjs"; console.log(JSON.stringify(await runTests([], {}, ${limitSeconds})));`;
  const { output } = await run([process.execPath, "--input-type=module", "-e", program], { cwd: tree.root });
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}

describe.skipIf(!isCI)("the closing line (only in CI)", () => {
  it("counts every stage and test of a tree in order, and names what was skipped", async () => {
    using tree = testableTree({
      "test/a.test.ts": testFile(
        '\nit("waits", (context) => {\n  context.skip("no kernel here");\n  expect(1).toBe(2);\n});\n',
      ),
      "test/b.test.ts":
        'import { describe, expect, it } from "vitest";\n\nconst isHere = false;\n\ndescribe.skipIf(!isHere)("needs root", () => {\n  describe.skipIf(!isHere)("only in CI", () => {\n    it("acts", () => {\n      expect(1).toBe(2);\n    });\n  });\n});\n',
    });
    const { status, lines, output } = await ciRun(tree);
    expect(output).not.toMatch(/^FAILED/m);
    expect(lines.at(-1)).toMatch(new RegExp(`^${STAGES + 1} passed, 0 failed, \\d+ skipped$`));
    expect(output).toMatch(/^ {2}skipped: test\/a\.test\.ts > waits \(no kernel here\)$/m);
    expect(output).toMatch(/^ {2}skipped: test\/b\.test\.ts > needs root > only in CI > acts$/m);
    expect(status).toBe(0);
  });

  it("counts a failed check, a failed test, a file that cannot be loaded and a hook that throws", async () => {
    using tree = testableTree({
      "packages/core/src/event/utils.ts": "export const unused = 1;\n",
      "test/a.test.ts": testFile('\nit("is not", () => {\n  expect(1).toBe(2);\n});\n'),
      "test/b.test.ts": 'throw new TypeError("not loaded");\n',
      "test/c.test.ts":
        'import { beforeAll, describe, expect, it } from "vitest";\n\ndescribe("c", () => {\n  beforeAll(() => {\n    throw new TypeError("hook");\n  });\n  it("never runs", () => {\n    expect(1).toBe(1);\n  });\n});\n',
    });
    const { status, lines, output } = await ciRun(tree);
    expect(output).toMatch(/^FAILED {2}manners/m);
    expect(output).toMatch(/^FAILED {2}dead-code/m);
    expect(lines.at(-1)).toMatch(new RegExp(`^${STAGES - 2 + 1} passed, 5 failed, \\d+ skipped$`));
    expect(lines.slice(-6, -1).toSorted()).toEqual([
      expect.stringMatching(/^ {2}failed: dead-code \(status \d+\)$/),
      expect.stringMatching(/^ {2}failed: manners \(status \d+\)$/),
      expect.stringMatching(/^ {2}failed: test\/a\.test\.ts > is not: expected 1 to be 2/),
      "  failed: test/b.test.ts: not loaded",
      "  failed: test/c.test.ts > c: hook",
    ]);
    expect(status).toBe(1);
  });

  it("counts an uncaught error, though every test passed", async () => {
    using tree = testableTree({
      "test/a.test.ts": testFile('\nvoid Promise.reject(new TypeError("a late one"));\n'),
    });
    expect(await testsOf(tree)).toMatchObject({ passed: 1, failed: ["test/a.test.ts, uncaught: a late one"] });
  });

  it("runs a file that failed once more, and tells what passed only then", async () => {
    const unsteady = 'import { existsSync, writeFileSync } from "node:fs";\nimport { expect, it } from "vitest";\n';
    using tree = testableTree({
      "test/a.test.ts": testFile('\nit("is not", () => {\n  expect(1).toBe(2);\n});\n'),
      "test/b.test.ts": `${unsteady}\nit("is there", () => {\n  const wasThere = existsSync("mark");\n  writeFileSync("mark", "");\n  expect(wasThere).toBe(true);\n});\n`,
      "test/c.test.ts": 'import { expect, it } from "vitest";\n\nit("is steady", () => {\n  expect(1).toBe(1);\n});\n',
    });
    expect(await testsOf(tree)).toEqual({
      passed: 3,
      failed: [expect.stringMatching(/^test\/a\.test\.ts > is not: expected 1 to be 2/)],
      skipped: [],
      unsteady: [expect.stringMatching(/^test\/b\.test\.ts > is there: expected false to be true/)],
    });
  });

  it("names the files that did not end in time, and counts the others", async () => {
    using tree = testableTree({
      "test/a.test.ts": testFile(""),
      "test/b.test.ts": 'import { it } from "vitest";\n\nit("waits", () => new Promise(() => {}));\n',
    });
    expect(await testsOf(tree, 15)).toEqual({
      passed: 1,
      failed: ["test/b.test.ts: did not end", "the test runner was stopped after 15 s"],
      ...{ skipped: [], unsteady: [] },
    });
  });

  it("names a long suite that no time was left for, and runs nothing of it", async () => {
    using tree = testableTree({
      "test/a.test.ts": testFile(""),
      "test/races/opens.test.ts":
        'import { beforeAll, expect, it } from "vitest";\n\nbeforeAll(() => {\n  throw new TypeError("hook");\n});\nit("waits", () => {\n  expect(1).toBe(2);\n});\n',
    });
    expect(await testsOf(tree)).toEqual({
      passed: 1,
      skipped: ["test/races/opens.test.ts (no time was left; run it with npm test test/races/opens.test.ts)"],
      ...{ failed: [], unsteady: [] },
    });
    expect(await testsOf(tree, 1100)).toMatchObject({ passed: 1, failed: [expect.stringContaining("hook")] });
  });

  it("is last and names the failed build, and nothing runs after it", async () => {
    using tree = testableTree({ "packages/core/src/index.ts": 'export const broken: number = "1";\n' });
    const { status, lines, output } = await ciRun(tree);
    expect(output).toMatch(/^FAILED {2}build/m);
    expect(output).toMatch(/cannot continue without "build"/);
    expect(output).not.toMatch(/layers/);
    expect(lines.at(-1)).toBe(`${preparation.length - 1} passed, 1 failed, 0 skipped`);
    expect(status).toBe(1);
  });

  it("is last when there are no tests at all", async () => {
    using tree = testableTree();
    const { status, lines } = await ciRun(tree);
    expect(lines.at(-1)).toMatch(/ passed, [12] failed, /);
    expect(status).toBe(1);
  });

  it("is last when the lockfile cannot be read", async () => {
    using tree = testableTree();
    tree.remove("node_modules");
    tree.write("package-lock.json", "{");
    const { status, lines, output } = await ciRun(tree);
    expect(output).toMatch(/^FAILED {2}install/m);
    expect(lines.at(-1)).toBe("1 passed, 1 failed, 0 skipped");
    expect(status).toBe(1);
  });
});

describe("the tally", () => {
  it("reports failure when nothing ran", () => {
    expect(new Tally().succeeded).toBe(false);
  });

  it("counts as skipped what a stage could not do", () => {
    const said = vi.spyOn(console, "log").mockReturnValue();
    const counts = reportStage("documents", { status: 0, output: "skipped: commands\n", seconds: 1 });
    expect(counts).toEqual({ passed: 1, failed: [], skipped: ["documents: commands"], unsteady: [] });
    expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^ok +documents +1\.0 s$/));
    said.mockRestore();
  });
});

describe("two runs of the tests", () => {
  const counts = (passed: number, ...failed: readonly string[]) => ({
    ...{ passed, failed: [...failed] },
    ...{ skipped: ["s"], unsteady: [] },
  });

  it("count a file that ran twice as the second run tells it", () => {
    const first = { a: counts(3), b: counts(1, "b > x"), c: counts(0, "c > x", "c > y") };
    expect(afterSecondRun(first, { b: counts(2), c: counts(1, "c > y") })).toEqual({
      ...counts(3 + 2 + 1, "c > y"),
      skipped: ["s", "s", "s"],
      unsteady: ["b > x"],
    });
  });

  it("keep what failed the first time where the second did not end", () => {
    const first = { a: counts(3), b: counts(1, "b > x") };
    expect(afterSecondRun(first, { "": { passed: 0, failed: ["too late"], skipped: [], unsteady: [] } })).toMatchObject(
      {
        failed: ["b > x", "too late"],
        unsteady: [],
      },
    );
  });

  it("keep a failure that belongs to no file", () => {
    const first = { "": { passed: 0, failed: ["uncaught"], skipped: [], unsteady: [] }, b: counts(1, "b > x") };
    expect(afterSecondRun(first, { b: counts(2) })).toMatchObject({ failed: ["uncaught"], unsteady: ["b > x"] });
  });
});

describe("a command", () => {
  it("is ended with all its processes when it takes too long", async () => {
    const outcome = await run(["sh", "-c", "sleep 600 & sleep 600"], { limitSeconds: 0.2 });
    expect(outcome).toMatchObject({ timedOut: true, status: 137 });
  });

  it("has a status even if it cannot be started", async () => {
    expect(await run(["/no/such/program"])).toMatchObject({ status: 127 });
  });
});
