/** Priorities: the thread that every stopped task waits for, and the workload itself. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { workplace } from "./case.ts";
import { isBuilt, supervise } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

/** The nice value of a task (proc_pid_stat(5), field 19). */
const niceOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19 - 3]);

/** Undefined for a thread that ended after the directory was read. */
function niceOfThread(file: string): number[] {
  try {
    return [niceOf(readFileSync(file, "latin1"))];
  } catch {
    return [];
  }
}

describe.skipIf(!isRoot || !isBuilt)("urgency (needs root and a build)", () => {
  it("is the supervising thread's, and not the workload's", async () => {
    let supervising: number[] = [];
    const { stdout } = await supervise({
      command: ["sh", "-c", "cat /proc/self/stat; sleep 0.3"],
      directory: workplace(),
      onOutput: (_, { pid }) => {
        const threads = `/proc/${pid}/task`;
        supervising = readdirSync(threads).flatMap((tid) => niceOfThread(`${threads}/${tid}/stat`));
      },
    });
    const own = niceOf(readFileSync("/proc/self/stat", "latin1"));
    expect(niceOf(stdout)).toBe(own);
    expect(supervising).toContain(-20);
    expect(supervising).toContain(own);
  });
});
