/** A socket that cannot be exchanged for the supervisor's, because the task has lowered its limit: the supervisor keeps nothing of it. */
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, workplace } from "../sensor/case.ts";
import { isBuilt, PLAIN, supervise } from "../sensor/supervised.ts";
import { isRoot } from "../support/machine.ts";

/** What the thread opens for a moment. */
const SOME = 20;

describe.skipIf(compiler === undefined || !isBuilt || !isRoot)(
  "a socket above the limit for descriptors (needs gcc, a build, root)",
  () => {
    let directory: string;
    beforeAll(() => {
      directory = workplace();
      const source = fileURLToPath(new URL("low-limit.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "low-limit"), source]);
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    it("leaves no descriptor in the supervisor", async () => {
      const counts: number[] = [];
      const { stdout } = await supervise({
        command: ["./low-limit"],
        directory,
        policy: { ...PLAIN, rules: { ...PLAIN.rules, "host-name": true } },
        onOutput: (_, { pid }) => void counts.push(readdirSync(`/proc/${pid}/fd`).length),
      });
      expect(stdout).toBe("before\nafter\n1000 of 1000\n");
      const [before = 0, after = 0] = counts;
      expect(after).toBeLessThan(before + SOME);
    });
  },
);
