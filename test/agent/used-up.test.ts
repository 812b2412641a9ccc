/** What timers are made of is used up (RLIMIT_SIGPENDING), as processes of the same user can bring about. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, isBuilt, isolineProgram } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const NONE = "--sigpending=0:0";

describe.skipIf(!isBuilt || !isRoot || !isInstalled("prlimit"))(
  "no more timers (needs a build, root and prlimit)",
  () => {
    const agent = new TestAgent();
    beforeAll(async () => {
      await agent.start("threads: 1\n");
      await agent.isoline(["learn", "-q", "-o", "contour", "--", "sh", "-c", "exit 0"]);
    });
    afterAll(() => agent.clear());

    it("an agent's thread that serves namespaces goes on doing so", async () => {
      const run = () => agent.run(["contour", "-q"], "exit 0");
      const first = await run();
      execFileSync("prlimit", ["--pid", String(agent.pid), NONE]);
      expect([first, await run()]).toMatchObject([
        { status: 0, stderr: "" },
        { status: 0, stderr: "" },
      ]);
    });

    it("a run of its own says what is missing, and what to do", async () => {
      const words = [NONE, isolineProgram, "learn", "-q", "-o", "other", "--", "true"];
      const { status, stderr } = await ended("prlimit", words, { cwd: agent.directory });
      expect({ status, stderr }).toEqual({
        status: 125,
        stderr: expect.stringMatching(/RLIMIT_SIGPENDING.*ulimit -i/),
      });
    });
  },
);
