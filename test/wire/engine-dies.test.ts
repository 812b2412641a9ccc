/** The engine is killed, or stopped, while a workload runs: what is known goes on, and what is new is refused or is a loss. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { readReport } from "../support/report.ts";
import { TestEngine } from "./engine.ts";

/** Reads a file that it is told of, says that it is there, and reads two more. */
const COMMAND = ["sh", "-c", "read a < gate; cat $a; echo ready; read b < gate; cat $b; read c < gate; cat $c"];

type Ending = "SIGKILL" | "SIGSTOP";

describe.skipIf(!isBuilt)("the engine is gone (needs a build)", () => {
  let cwd = "";
  let engine: TestEngine;
  /** Open at both ends, so that no open and no write of it waits. */
  let gate = -1;
  const at = (name: string) => join(cwd, name);

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-wire-"));
    spawnSync("mkfifo", [at("gate")]);
    gate = openSync(at("gate"), "r+");
    writeFileSync(at("new"), "new\n");
    await runWith(["learn", "-o", "file.contour"], "/etc/hostname", async () => {});
  });
  beforeEach(async () => {
    engine = await new TestEngine().start();
  });
  afterEach(() => engine.close());
  afterAll(() => {
    closeSync(gate);
    rmSync(cwd, { recursive: true, force: true });
  });

  /** Runs the command; once it is there, `then`, and then it is told of the known file and of a second one. */
  async function runWith(args: readonly string[], second: string, then: () => Promise<void>) {
    writeSync(gate, "/etc/hostname\n");
    return isoline([...args, "--report", "report.json", "--", ...COMMAND], {
      cwd,
      onStart: (child) => {
        let said = "";
        child.stdout?.on("data", (text: string) => {
          const isFirst = !said.includes("ready");
          said += text;
          if (!isFirst || !said.includes("ready")) return;
          void then().then(() => writeSync(gate, `/etc/hostname\n${second}\n`));
        });
      },
    });
  }

  /** The kernel stops the threads of a process one by one. */
  const isStopped = (pid: number) =>
    readdirSync(`/proc/${pid}/task`).every((task) =>
      readFileSync(`/proc/${pid}/task/${task}/stat`, "latin1").includes(") T "),
    );
  const gone = async (how: Ending) => {
    const child = engine.child as NonNullable<typeof engine.child>;
    child.kill(how);
    if (how === "SIGKILL") await once(child, "exit");
    else while (!isStopped(child.pid as number)) await setTimeout(10);
  };
  const endings: readonly Ending[] = isCI ? ["SIGKILL", "SIGSTOP"] : ["SIGSTOP"];
  const withEngine = () => [...engine.options, "--engine-deadline", "1"];

  it.each(endings)("enforcing, a known file is read and a new one refused (%s)", async (how) => {
    const { stdout, stderr } = await runWith(["check", "file.contour", "--enforce", ...withEngine()], "new", () =>
      gone(how),
    );
    expect(stdout).toMatch(/^(\S+\n)ready\n\1$/);
    // `cat` writes its name first, and isoline may write between.
    expect(stderr).toContain(": Operation not permitted");
    expect(stderr).toContain("isoline: the engine is lost: ");
    const { verdict, incomplete, refused } = readReport(at("report.json"));
    expect({ verdict, refused }).toEqual({ verdict: "incomplete", refused: 1 });
    expect(incomplete.map(({ reason }) => reason)).toEqual([
      "the engine behind the wire is lost, so an act was not decided",
    ]);
  });

  it.runIf(isCI).each(endings)("watching, a new file is read, and the run is incomplete (%s)", async (how) => {
    const { stdout, status } = await runWith(["check", "file.contour", ...withEngine()], "new", () => gone(how));
    expect(stdout).toMatch(/^(\S+\n)ready\n\1new\n$/);
    expect(status).toBe(4);
    const { verdict, incomplete } = readReport(at("report.json"));
    expect({ verdict, losses: incomplete.length > 0 }).toEqual({ verdict: "incomplete", losses: true });
  });

  it.runIf(isCI)(
    "watching, what departed before is still in the report, and what was not asked is a loss",
    async () => {
      const { status, stderr } = await isoline(
        [
          "check",
          "file.contour",
          "--report",
          "report.json",
          ...withEngine(),
          "--",
          "sh",
          "-c",
          "cat new; kill -9 $1; cat /etc/passwd",
          "sh",
          String(engine.child?.pid),
        ],
        { cwd },
      );
      expect(stderr).toContain("the engine is lost");
      const { departures } = readReport(at("report.json"));
      expect(departures.some(({ act }) => act.includes("/new "))).toBe(true);
      expect(departures.every(({ why }) => why.includes("the engine is lost"))).toBe(true);
      expect(status).toBe(3);
    },
  );

  it("learning, nothing is written over the contour that was there, and the end says so", async () => {
    const before = readFileSync(at("file.contour"), "utf8");
    const { status, stderr } = await runWith(["learn", "-o", "file.contour", ...withEngine()], "new", () =>
      gone("SIGKILL"),
    );
    expect(stderr).toContain("is lost");
    expect(status).not.toBe(0);
    expect(readFileSync(at("file.contour"), "utf8")).toBe(before);
  });
});
