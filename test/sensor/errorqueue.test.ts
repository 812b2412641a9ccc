/**
 * A connect that waits, on a socket that shows an error all the time: the supervisor does not look at it again and again, and answers what
 * it is asked.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "../faults/bench.ts";
import { isBuilt } from "../support/isoline.ts";
import { compiler } from "./case.ts";

const WHILE_MS = 2000;
const TICK_MS = 10;

describe.skipIf(compiler === undefined || !isBuilt)(
  "a connect that shows an error and waits (needs gcc, a build)",
  () => {
    let bench: Bench;
    beforeAll(() => {
      bench = new Bench();
      const source = fileURLToPath(new URL("errorqueue.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", bench.at("errorqueue"), source, "-lpthread"]);
    });
    afterAll(() => bench?.clear());

    it("leaves the supervisor idle, and able to answer", async () => {
      const env = { XDG_RUNTIME_DIR: bench.directory };
      let supervisor: ChildProcess | undefined;
      let said = "";
      const onStart = (child: ChildProcess) => {
        supervisor = child;
        child.stdout?.on("data", (text: string) => (said += text));
      };
      const run = bench.run("learn -q --name live -o contour", ["./errorqueue"], { env, onStart });
      try {
        await expect.poll(() => said, { timeout: 30_000 }).toBe("an error is shown: 1\n");
        const [since, before] = [performance.now(), millisecondsOf(supervisor?.pid)];
        await setTimeout(WHILE_MS);
        const share = (millisecondsOf(supervisor?.pid) - before) / (performance.now() - since);
        const ended = setTimeout(30_000, undefined, { ref: false });
        const sealed = await Promise.race([bench.run("seal live", [], { env }), ended]);
        expect({ isIdle: share < 0.15, sealed: sealed?.status }).toEqual({ isIdle: true, sealed: 0 });
      } finally {
        bench.write("stop", "");
      }
      expect(await run).toMatchObject({ status: 0 });
    });
  },
);

/** The processor time that a process has had (proc_pid_stat(5), utime and stime). */
function millisecondsOf(pid = 0): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user = "", system = ""] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) * TICK_MS;
}
