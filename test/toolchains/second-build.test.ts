/** Learnt in one run with a cold cache: no departures with a warm one, after an edit of one source, and in every build after that. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBuilt, type Report } from "../support/isoline.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { Project } from "./project.ts";
import { toolchains } from "./toolchains.ts";

for (const [name, { preset, needs, files, env, build, edit, isSlow }] of Object.entries(toolchains)) {
  const isReady = isBuilt && needs.every(isInstalled) && (isCI || isSlow !== true);
  const where = isSlow ? ", in CI" : "";
  describe.skipIf(!isReady)(`the second build with ${name} (needs a build, ${needs.join(", ")}${where})`, () => {
    let project: Project;

    beforeAll(async () => {
      project = new Project(files, env);
      await project.learn(build, ["--preset", preset]);
    });
    afterAll(() => project.remove());

    test("with a warm cache", async () => {
      expect(off(await project.check(build))).toEqual([]);
    });

    test("after an edit of one source file", async () => {
      project.write(edit.name, edit.text);
      expect(off(await project.check(build))).toEqual([]);
    });

    test("and once more, with what that build has made", async () => {
      expect(off(await project.check(build))).toEqual([]);
    });

    test("what such a build does not do departs", async () => {
      const report = await project.check(`${build} && cat /etc/passwd > /dev/null`);
      expect(off(report).join("\n")).toContain("/etc/passwd");
    });
  });
}

function off({ departures, verdict }: Report): string[] {
  expect(verdict).not.toBe("incomplete");
  return departures.map(({ why }) => why);
}
