/** Results that cannot be written: the old ones survive, one line gives the reason, and isoline ends with 125. */
import { execFileSync } from "node:child_process";
import { statSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ended, ended, isBuilt, isolineProgram } from "../support/isoline.ts";
import { Bench, shell } from "./bench.ts";
import { isRoot } from "../support/machine.ts";

/** Makes a contour of some kilobytes. */
const busy = shell("cat data; ls > list; sort list; head -n 1 data; wc data");

describe.skipIf(!isBuilt)("no space for results (needs a build)", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.clear());

  const expectRefusal = ({ status, stderr }: Ended, file: string): void => {
    expect({ status, lines: stderr.trimEnd().split("\n") }).toEqual({ status: 125, lines: [expect.any(String)] });
    expect(stderr).toMatch(/^isoline: cannot write /);
    expect(stderr).toContain(file);
  };

  it.each(["learn -q -o contour", "learn -q --merge -o contour"])(
    "`%s` on a full file: the old contour survives",
    async (words) => {
      await bench.run("learn -q -o contour", shell("true"));
      const before = bench.read("contour");
      // A limit on the size of files stops a write as a full disk does; the workload stays below the limit.
      const limited = ["-c", 'ulimit -f 2; exec "$0" "$@"', isolineProgram, ...words.split(" "), "--", ...busy];
      expectRefusal(await ended("/bin/sh", limited, { cwd: bench.directory, uid: bench.uid }), "contour");
      expect(bench.read("contour")).toBe(before);
      expect(bench.named(".contour")).toEqual([]);
    },
  );

  it.skipIf(!isRoot)("learn on a full file system: the old contour survives (needs root)", async () => {
    const script = `
      mount -t tmpfs -o size=8k none small && "$0" learn -q -o small/contour -- true && cp small/contour before || exit 1
      "$0" learn -q -o small/contour -- ${busy[0]} -c "${busy[2]}" >/dev/null
      status=$?
      cmp small/contour before && [ "$(echo small/* small/.[!.]*)" = "small/contour small/contour.evidence small/.[!.]*" ] && exit $status`;
    const words = ["--mount", "/bin/sh", "-c", `mkdir small; ${script}`, isolineProgram];
    expectRefusal(await ended("unshare", words, { cwd: bench.directory }), "small/contour");
  });

  it("the directory of the contour is gone when the workload has ended", async () => {
    const outcome = await bench.run("learn -q -o place/contour", shell("true"));
    expectRefusal(outcome, "place/contour");
    const made = ["-c", 'mkdir place; exec "$0" "$@"', isolineProgram, "learn", "-q", "-o", "place/contour", "--"];
    expectRefusal(
      await ended("/bin/sh", [...made, ...shell("rmdir place")], { cwd: bench.directory, uid: bench.uid }),
      "place/contour",
    );
  });

  it.each([
    ["a missing directory", "none/contour"],
    ["a directory of another user", "/proc/contour"],
    ["a directory instead of a file", "."],
    ["a pipe", "pipe"],
    ["a link to a file", "link"],
    ["a link to nothing", "dangling"],
  ])("%s: refused before the workload starts", async (_, path) => {
    execFileSync("mkfifo", ["-m", "666", bench.at("pipe")]);
    symlinkSync("data", bench.at("link"));
    symlinkSync("none", bench.at("dangling"));
    for (const words of ["learn -q -o contour --report", "learn -q -o contour --trajectory"])
      expectRefusal(await bench.run(`${words} ${path}`, ["touch", "started"]), path);
    expectRefusal(await bench.run(`learn -q -o ${path}`, ["touch", "started"]), path);
    expect(bench.has("started")).toBe(false);
  });

  it.each([
    ["a contour", "learn -q -o /dev/full", "/dev/full"],
    ["a report", "learn -q -o contour --report /dev/full", "/dev/full"],
    ["a trajectory", "learn -q -o contour --trajectory /dev/full", "/dev/full"],
  ])("%s for a full device", async (what, words, file) => {
    expectRefusal(await bench.run(words, ["cat", "data"]), file);
    // All other results have been written.
    expect(bench.has("contour")).toBe(what !== "a contour");
  });

  it("a device is written to, never replaced", async () => {
    expect(await bench.run("learn -q -o /dev/null", ["cat", "data"])).toMatchObject({ status: 0 });
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("full standard streams: a lost report is an error, lost messages are not", async () => {
    await bench.run("learn -q -o contour", ["cat", "data"]);
    const to = (redirection: string) =>
      ended("/bin/sh", ["-c", `"$0" check contour --json -- cat data ${redirection}`, isolineProgram], {
        cwd: bench.directory,
        uid: bench.uid,
      });
    expect(await to("2>/dev/full")).toMatchObject({ status: 0, stdout: expect.stringContaining('"on-contour"') });
    const { status, stderr } = await to(">/dev/full");
    expect(status).not.toBe(0);
    expect(stderr).toContain("isoline: cannot write to standard output: ENOSPC");
  });
});
