/** The supervisor is killed, stopped, or attacked by the workload that it supervises: the workload fails closed. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EBUSY, ENOSYS } from "../../packages/linux/src/abi/errno.ts";
import { compiler } from "../sensor/case.ts";
import { isBuilt } from "../support/isoline.ts";
import { Bench, pause, shell, supervisingThread, until } from "./bench.ts";
import { isRoot } from "../support/machine.ts";

/** Writes a line each turn, and ends when it cannot. */
const turns = (count: number) =>
  shell(`
    turn=0
    while [ $turn -lt ${count} ]; do
      turn=$((turn + 1))
      echo $turn >> progress || exit 9
      sleep 0.05
    done
    echo finished`);
/** Half a minute: longer than any test lets it live. */
const MANY = 500;
const NAMESPACE_LOST = 125;
const OLD = "what was there before\n";

describe.skipIf(!isBuilt)("the supervisor (needs a build)", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.clear());

  /** The number of lines that the workload has written. */
  const progress = (): number => (bench.has("progress") ? bench.read("progress").split("\n").length - 1 : 0);

  it.each(["learn -q -o contour", "check -q contour", "check -q contour --enforce", "run -q contour --enforce"])(
    "killed during `%s`: no mediated call succeeds any more, and the old contour is unchanged",
    async (words) => {
      if (words.startsWith("learn")) bench.write("contour", OLD);
      else await bench.run("learn -q -o contour", turns(2));
      bench.remove("progress");
      const before = bench.read("contour");
      let kill = () => {};
      const ended = bench.run(words, turns(MANY), {
        onStart: (child) => {
          kill = () => child.kill("SIGKILL");
        },
      });
      await until(() => progress() >= 4);
      kill();
      // Its pipes close when the last process of the workload is gone: none of them could continue.
      const { signal, stdout, stderr } = await ended;
      expect(signal).toBe("SIGKILL");
      expect(stdout).not.toContain("finished");
      expect(stderr).toMatch(/Function not implemented|Cannot fork|Error 38/);
      expect(progress()).toBeLessThan(MANY);
      expect(bench.read("contour")).toBe(before);
      expect(bench.named(".contour")).toEqual([]);
    },
  );

  it.skipIf(compiler === undefined).each(["learn -q -o contour", "run -q contour --enforce --no-landlock"])(
    "killed during `%s`: the workload does not decide about its own calls by a listener of its own (needs gcc)",
    async (words) => {
      const source = fileURLToPath(new URL("./own-listener.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-static", "-o", bench.at("own-listener"), source]);
      for (const name of ["known", "secret"]) bench.write(name, "");
      if (words.startsWith("run")) await bench.run("learn -q -o contour", ["./own-listener", "once"]);
      let kill = () => {};
      let told = "";
      const ended = bench.run(words, ["./own-listener"], {
        onStart: (child) => {
          kill = () => child.kill("SIGKILL");
          child.stdout?.on("data", (text: string) => (told += text));
        },
      });
      await until(() => told.includes("ready"));
      kill();
      expect((await ended).stdout).toBe(`ready\nlistener ${EBUSY}\nopened ${ENOSYS}\n`);
    },
  );

  it("killed: no report of an earlier run stays that could pass for its own, and the status is no success", async () => {
    await bench.run("learn -q -o contour", turns(3));
    bench.remove("progress");
    await bench.run("check -q contour --report report.json", turns(3));
    expect(bench.report().verdict).toBe("on-contour");
    bench.remove("progress");
    let kill = () => {};
    const ended = bench.run("check -q contour --report report.json", turns(MANY), {
      onStart: (child) => {
        kill = () => child.kill("SIGKILL");
      },
    });
    await until(() => progress() >= 2);
    kill();
    expect(await ended).toMatchObject({ status: null, signal: "SIGKILL" });
    expect(bench.has("report.json")).toBe(false);
  });

  it.skipIf(!isRoot || compiler === undefined).each(["learn -o contour", "run contour --enforce"])(
    "its thread ended alone during `%s`: the workload ends, no status of success, no report (needs gcc, root)",
    async (words) => {
      await bench.run("learn -q -o contour", turns(2));
      bench.remove("progress");
      const source = fileURLToPath(new URL("./end-thread.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-o", bench.at("end-thread"), source]);
      let supervisor = 0;
      const ended = bench.run(`${words} --report report.json`, turns(MANY), {
        onStart: (child) => {
          supervisor = child.pid as number;
        },
      });
      await until(() => progress() >= 2);
      execFileSync(bench.at("end-thread"), [await supervisingThread(supervisor)]);
      const { status, stdout, stderr } = await ended;
      expect(status).toBe(NAMESPACE_LOST);
      expect(stderr).toContain("its supervising thread ended");
      expect(stdout).not.toContain("finished");
      expect(progress()).toBeLessThan(MANY);
      expect(bench.has("report.json")).toBe(false);
    },
  );

  it("stopped: the workload waits for it, and continues with it", async () => {
    let signal: (name: NodeJS.Signals) => void = () => {};
    const ended = bench.run("learn -q -o contour", turns(8), {
      onStart: (child) => {
        signal = (name) => child.kill(name);
      },
    });
    await until(() => progress() >= 2);
    signal("SIGSTOP");
    await pause(50);
    const then = progress();
    await pause(500);
    // One call may have been allowed before.
    expect(progress()).toBeLessThanOrEqual(then + 1);
    signal("SIGCONT");
    expect(await ended).toMatchObject({ status: 0, stdout: "finished\n" });
    expect(progress()).toBe(8);
  });

  it("stopped for long: it reports the time when it continues", async () => {
    let signal: (name: NodeJS.Signals) => void = () => {};
    const ended = bench.run("learn -o contour --report report.json", turns(8), {
      onStart: (child) => {
        signal = (name) => child.kill(name);
      },
    });
    await until(() => progress() >= 2);
    signal("SIGSTOP");
    await pause(4500);
    signal("SIGCONT");
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/did not run for \d+ seconds: it was stopped or starved/),
    ]);
    const { pauses, incomplete } = bench.report();
    expect([pauses.times, pauses.seconds >= 3, incomplete]).toEqual([1, true, []]);
  });

  describe("attacked by its workload, which runs as the same user", () => {
    const peaceful = shell("echo peace; cat data");

    it.each([
      ["killed", "kill -9 $PPID", "kill signal=9 relation=supervisor"],
      ["stopped", "kill -STOP $PPID", "kill signal=19 relation=supervisor"],
      ["told to end", "kill $PPID", "kill signal=15 relation=supervisor"],
      ["written into", "echo x > /proc/$PPID/mem", "open access=write,truncate path=/proc/$supervisor/mem"],
      ["read from", "read x < /proc/$PPID/mem", "open access=read path=/proc/$supervisor/mem"],
    ])("%s: refused in every mode, and the supervisor survives and reports it", async (_, attack, act) => {
      const attacking = shell(`${attack}; echo peace; cat data`);
      await bench.run("learn -q -o contour", peaceful);
      for (const words of ["check -q contour", "check -q contour --enforce"]) {
        const { status, stdout } = await bench.run(`${words} --report report.json`, attacking);
        expect([status, stdout]).toEqual([3, "peace\ndata\n"]);
        const { departures, off, refused, kept } = bench.report();
        expect(departures[0]?.act.slice(0, act.length)).toBe(act);
        expect([refused, kept]).toEqual([off, 1]);
      }
      const learnt = await bench.run("learn -q -o contour --report report.json", attacking);
      expect([learnt.status, learnt.stdout]).toEqual([0, "peace\ndata\n"]);
      expect(bench.report().kept).toBe(1);
      // On the contour now, and refused all the same.
      const again = await bench.run("check -q contour --report report.json", attacking);
      expect([again.status, bench.report().kept]).toEqual([0, 1]);
    });
  });
});
