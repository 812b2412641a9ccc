/**
 * The number of a thread that has ended may pass to a process outside. An act on that process is an act on one outside, and not on the
 * caller itself, whose thread had the number before.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isBuilt, isoline, readReport } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";

const LAST = "/proc/sys/kernel/ns_last_pid";
/** A thread makes a mediated call, tells its number, and ends; its process signals that number when it is told to. */
const workload = `
import os, sys, threading, time
def call():
    os.stat("."); open("number.new", "w").write(str(threading.get_native_id()))
thread = threading.Thread(target=call); thread.start(); thread.join()
os.rename("number.new", "number")
while not os.path.exists("go"): time.sleep(0.02)
try: os.kill(int(open("number").read()), 10)
except OSError as error: print(error.errno)
else: print("sent")
`;

/** Starts processes until one has this number; undefined where others always take it first. */
async function processWith(number: number): Promise<ChildProcess | undefined> {
  for (let time = 0; time < 500; time++) {
    const last = readFileSync(LAST, "utf8");
    writeFileSync(LAST, String(number - 1));
    const child = spawn("sleep", ["1000"]);
    // What other tests start gets no number that was used a moment ago.
    writeFileSync(LAST, last);
    if (child.pid === number) return child;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  return undefined;
}

describe.skipIf(!isBuilt || !isRoot || !isInstalled("python3") || !existsSync(LAST))(
  "the number of a thread that has ended (needs a build, root, python3)",
  () => {
    let place = "";
    beforeAll(() => {
      place = mkdtempSync(join(tmpdir(), "isoline-number-"));
    });
    afterAll(() => rmSync(place, { recursive: true, force: true }));

    it("stands for the process outside that has it now, when that is signalled", async () => {
      const words = ["learn", "-q", "--lens", "exact", "-o", "c.contour", "--report", "report.json"];
      const ended = isoline([...words, "--", "python3", "-I", "-S", "-c", workload], { cwd: place });
      await vi.waitUntil(() => existsSync(join(place, "number")), { timeout: 60_000 });
      const number = Number(readFileSync(join(place, "number"), "utf8"));
      const other = await processWith(number);
      expect(other?.pid).toBe(number);
      const gone = once(other as ChildProcess, "exit");
      writeFileSync(join(place, "go"), "");
      const { stdout, stderr } = await ended;
      other?.kill("SIGKILL");
      expect({ stdout, stderr }).toEqual({ stdout: "sent\n", stderr: "" });
      expect(await gone).toEqual([null, "SIGUSR1"]);
      expect(readReport(place).verdict).toBe("learnt");
      expect(
        readFileSync(join(place, "c.contour"), "utf8")
          .split("\n")
          .filter((line) => /\bkill /.test(line)),
      ).toEqual([expect.stringMatching(/kill .*signal=10 relation=outside/)]);
    });
  },
);
