/** Runs as a program has them: several at once, followed, ended, given up. */
import { describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { runProgram } from "../support/library.ts";

describe.skipIf(!isBuilt)("runs in a program (need a build)", () => {
  it("several are there at once in one process, each with its own contour", async () => {
    const { lines, stderr } = await runProgram(`
      import { contours, learn } from "isoline";
      import { existsSync, writeFileSync } from "node:fs";

      // Each waits for a file that is made once both are there.
      const until = (file, then) => ["sh", "-c", \`while ! [ -e go ]; do sleep 0.05; done; \${then}; : > \${file}\`];
      const one = await learn(until("one", "cat /etc/hostname > /dev/null"), { output: "one.contour" });
      const two = await learn(until("two", "cat /etc/passwd > /dev/null"), { output: "two.contour" });
      const lives = [await one.state(), await two.state()].map((state) => state.processes.length > 0);
      writeFileSync("go", "");
      const results = await Promise.all([one.ended, two.ended]);
      const { onlyA, onlyB } = contours.diff(await contours.read("one.contour"), await contours.read("two.contour"));
      const names = (points, path) => points.some(({ act }) => act.includes(path));
      console.log(JSON.stringify({
        lives,
        verdicts: results.map(({ verdict }) => verdict),
        apart: [one.pid !== two.pid, names(onlyA, "/etc/hostname"), names(onlyB, "/etc/passwd")],
        mixed: [names(onlyA, "/etc/passwd"), names(onlyB, "/etc/hostname")],
        made: [existsSync("one"), existsSync("two")],
      }));
    `);
    expect({ stderr, told: JSON.parse(lines[0] ?? "null") }).toEqual({
      stderr: "",
      told: {
        lives: [true, true],
        verdicts: ["learnt", "learnt"],
        apart: [true, true, true],
        mixed: [false, false],
        made: [true, true],
      },
    });
  });

  it("one that ends leaves the other as it is, and enforcing what it enforces", async () => {
    const { lines, stderr } = await runProgram(`
      import { learn, run } from "isoline";
      import { existsSync, writeFileSync } from "node:fs";

      const loop = (then) => ["sh", "-c", \`while ! [ -e go ]; do sleep 0.05; done\${then}\`];
      const learnt = await learn(loop(""), { output: "loop.contour" });
      writeFileSync("go", "");
      await learnt.ended;
      (await import("node:fs")).rmSync("go");
      const strict = await run("loop.contour", loop("; echo > made"), { enforce: true });
      const brief = await run("loop.contour", ["sh", "-c", "exit 7"], { enforce: false });
      const { status } = await brief.ended;
      writeFileSync("go", "");
      const { report, verdict } = await strict.ended;
      console.log(status, verdict, report.refused > 0, existsSync("made"));
    `);
    expect({ stderr: stderr.replace(/^sh: .*\n/gm, ""), lines }).toEqual({
      stderr: "",
      lines: ["7 off-contour true false"],
    });
  });

  it("events come from the first on where that was asked for", async () => {
    const { lines } = await runProgram(`
      import { learn } from "isoline";

      await using run = await learn(["cat", "/etc/hostname"], { output: "cat.contour", follow: true });
      const acts = [];
      for await (const event of run.events()) if (!("lost" in event)) acts.push(event);
      console.log(acts[0].sequence, acts[0].act.startsWith("exec "), acts.some(({ act }) => act.includes("/etc/hostname")));
    `);
    expect(lines.at(-1)).toBe("1 true true");
  });

  it("what is given up has ended when that is known", async () => {
    const { lines } = await runProgram(`
      import { learn } from "isoline";

      let pid = 0;
      {
        await using run = await learn(["sleep", "1000"], { output: "sleep.contour" });
        pid = run.pid;
      }
      try {
        process.kill(pid, 0);
        console.log("it still runs");
      } catch (fault) {
        console.log(fault.code);
      }
    `);
    expect(lines).toEqual(["ESRCH"]);
  });

  it.each([
    ["before it starts", 'AbortSignal.abort(new Error("no"))', "no"],
    ["while it runs", "AbortSignal.timeout(1000)", "The operation was aborted due to timeout"],
  ])("a run that is aborted %s rejects with the reason", async (_, signal, reason) => {
    const { lines } = await runProgram(`
      import { learn } from "isoline";

      try {
        const run = await learn(["sleep", "1000"], { output: "sleep.contour", signal: ${signal} });
        await run.ended;
      } catch (fault) {
        console.log(fault.message);
      }
    `);
    expect(lines).toEqual([reason]);
  });

  it.each([
    ["a contour that is not there", 'check("missing.contour", ["true"])', "cannot-read"],
    ["a command that is not there", 'learn(["/nonexistent"], { output: "a.contour" })', "no-such-command"],
    ["a place that cannot be written", 'learn(["true"], { output: "/nonexistent/a.contour" })', "cannot-write"],
    [
      "a contour without a signature",
      'check("missing.contour", ["true"], { trustedKeys: ["key.pem"] })',
      "bad-signing-key",
    ],
  ])("%s is refused before anything starts", async (_, call, code) => {
    const { lines } = await runProgram(`
      import { check, learn } from "isoline";

      await ${call}.catch((fault) => console.log(fault.name, fault.code));
    `);
    expect(lines).toEqual([`IsolineError ${code}`]);
  });

  it("the environment and the standard streams are those of the program, or what it says", async () => {
    const { lines } = await runProgram(`
      import { learn } from "isoline";

      process.env.NAME = "world";
      await (await learn(["sh", "-c", "echo hello $NAME"], { output: "a.contour" })).ended;
      const env = { PATH: process.env.PATH, NAME: "moon" };
      await (await learn(["sh", "-c", "echo hello $NAME"], { output: "a.contour", env })).ended;
    `);
    expect(lines).toEqual(["hello world", "hello moon"]);
  });
});
