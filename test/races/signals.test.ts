/** A raced pidfd: the process that a signal off contour would stop goes on. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";

const TRIES = isCI ? "100000" : "5000";
const uid = isRoot ? NOBODY : undefined;

describe.skipIf(compiler === undefined || !isBuilt)("raced pidfds (need gcc, a build)", () => {
  let directory: string;
  let outsider: ChildProcess;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-signals-"));
    chmodSync(directory, 0o755);
    if (uid !== undefined) chownSync(directory, uid, uid);
    const source = fileURLToPath(new URL("signals.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", "signals", source, "-lpthread"], { cwd: directory });
    outsider = spawn("sleep", ["1000"], uid === undefined ? {} : { uid, gid: uid });
  });
  afterAll(() => {
    outsider?.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (words: readonly string[], tries: string, pid: number) =>
    isoline([...words, "-q", "--", "./signals", tries, String(pid)], { cwd: directory, uid });
  const stateOf = (pid: number) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];

  it("no process off contour is stopped", async () => {
    const pid = outsider.pid as number;
    await run(["learn", "-o", "contour"], "1", 0);
    // The directory may be opened; to stop its process stays off contour.
    await run(["learn", "--merge", "-o", "contour"], "0", pid);
    const { stdout } = await run(["run", "--enforce", "--no-landlock", "contour"], TRIES, pid);
    const [sent = 0, refused = 0] = stdout.trim().split(" ").map(Number);
    expect({ raced: sent > 0 && refused > 0, state: stateOf(pid) }).toEqual({ raced: true, state: "S" });
  }, 600_000);
});
