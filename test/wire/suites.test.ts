/**
 * Suites that exist, once more with an engine at the other end of a wire: the same points, states and verdicts are expected, and no test
 * knows of it. The suites find the engine by two variables of their environment.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";
import { TestEngine } from "./engine.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

describe.skipIf(!isCI || !isBuilt || !compiler)("with an engine behind a wire (needs CI, gcc and a build)", () => {
  let engine: TestEngine;
  beforeAll(async () => {
    // The suites of the sensor run as an ordinary user, to which the engine's socket belongs.
    engine = await new TestEngine(isRoot ? NOBODY : undefined).start();
  });
  afterAll(() => engine.close());

  it.each([
    "test/sensor/modes.test.ts",
    "test/sensor/losses.test.ts",
    "test/sensor/operations.test.ts",
    "test/sensor/programs.test.ts",
    "test/sensor/lineage.test.ts",
    "test/cli/workload.test.ts",
  ])("%s passes", { timeout: 900_000 }, async (suite) => {
    const { status, output } = await vitest(suite, {
      ISOLINE_TEST_ENGINE: JSON.stringify(engine.plan),
      ISOLINE_TEST_ENGINE_OPTIONS: JSON.stringify(engine.options),
    });
    expect(output).toMatch(/Tests .*passed/);
    expect({ status, output: status === 0 ? "" : output }).toEqual({ status: 0, output: "" });
    expect(engine.log).toContain("a namespace of");
  });
});

function vitest(
  suite: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ status: number | null; output: string }> {
  // The long parts of a suite are run with the engine beside the sensor alone. A suite that was begun runs whole, however late it is.
  const { CI: _, ISOLINE_BEGIN_LONG_UNTIL: __, ...own } = process.env;
  return new Promise((resolve) => {
    const child = spawn("npx", ["vitest", "run", suite], {
      cwd: repository,
      env: { ...own, ...environment, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    child.on("close", (status) => resolve({ status, output }));
  });
}
