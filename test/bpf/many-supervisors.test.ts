/** Many supervisors at once on one load of the BPF programs: none takes anything from another. */
import { type ChildProcess, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Ended, isoline } from "../support/isoline.ts";
import { attachesByTracepoints } from "./attachment.ts";
import { isCI } from "../support/machine.ts";

/** So many that start or end at the same time that other tests still get processor time. */
const AT_ONCE = 3;
const MANY = isCI ? 64 : 8;

/** Says that it is up, waits until it may continue, and acts. */
const workload = ["sh", "-c", "echo up; read go < go; ls /etc > /dev/null"];

const until = (holds: () => boolean) => expect.poll(holds, { timeout: 60_000, interval: 20 }).toBe(true);

describe.skipIf(!attachesByTracepoints)(
  "attached by tracepoints (needs root, a build, and a kernel without hooks for BPF)",
  () => {
    it(`${MANY} supervisors at once learn the same, and lose nothing`, { timeout: 300_000 }, async () => {
      const cwd = mkdtempSync(join(tmpdir(), "isoline-many-"));
      spawnSync("mkfifo", [join(cwd, "go")]);
      const go = openSync(join(cwd, "go"), "r+");
      try {
        let [up, over] = [0, 0];
        const learnt: Promise<Ended>[] = [];
        for (let number = 0; number < MANY; number++) {
          const names = ["--name", `many-${number}`, "-o", `${number}.contour`];
          const onStart = (child: ChildProcess) => child.stdout?.on("data", () => ++up);
          learnt.push(isoline(["learn", "--sensor", "bpf", "-q", ...names, "--", ...workload], { cwd, onStart }));
          await until(() => up > number - AT_ONCE);
        }
        await until(() => up === MANY);
        const { stdout } = await isoline(["ps", "--json"], { cwd });
        const live: { name: string }[] = JSON.parse(stdout);
        expect(live.filter(({ name }) => name.startsWith("many-"))).toHaveLength(MANY);
        for (const each of learnt) void each.then(() => ++over);
        for (let released = 1; released <= MANY; released++) {
          writeSync(go, "on\n");
          await until(() => over > released - AT_ONCE);
        }
        const ends = await Promise.all(learnt);
        expect(new Set(ends.map(({ status, stderr }) => `${status} ${stderr}`))).toEqual(new Set(["0 "]));
        const contours = Array.from({ length: MANY }, (_, number) =>
          readFileSync(join(cwd, `${number}.contour`), "latin1"),
        );
        expect(new Set(contours).size).toBe(1);
        expect(contours[0]).toMatch(/\nby .*\nend\n$/s);
      } finally {
        closeSync(go);
        rmSync(cwd, { recursive: true, force: true });
      }
    });
  },
);
