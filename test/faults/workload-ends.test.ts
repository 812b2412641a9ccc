/** Workloads that end badly or begin oddly: their contour is complete, and they start with exactly what they were given. */
import type { ChildProcess } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ended, isBuilt, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { Bench, shell, until } from "./bench.ts";

describe.skipIf(!isBuilt)("a workload (needs a build)", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.clear());

  it.each(["KILL", "SEGV", "TERM", "ABRT", "HUP"])("that dies of SIG%s: its contour is complete", async (name) => {
    const words = "learn -q -o contour --report report.json";
    const { signal } = await bench.run(words, shell(`cat data; kill -${name} $$`));
    expect(signal).toBe(`SIG${name}`);
    expect(bench.report()).toMatchObject({ verdict: "learnt", incomplete: [] });
    expect(await bench.run("verify contour")).toMatchObject({ status: 0 });
  });

  it("that is killed from outside, in the middle of its work", async () => {
    const running = bench.run(
      "learn -q -o contour --report report.json",
      shell("echo $$ > pid; while :; do : < data; done"),
    );
    await until(() => bench.has("pid") && bench.read("pid") !== "");
    process.kill(Number(bench.read("pid")), "SIGKILL");
    expect((await running).signal).toBe("SIGKILL");
    expect(bench.report()).toMatchObject({ verdict: "learnt", incomplete: [] });
  });

  describe("that has left processes behind, when isoline is told to end", () => {
    const words = "learn -o contour --report report.json";
    const begun = (rest: string) => shell(`(${rest}; echo > begun; while :; do sleep 0.1; done) & exit 7`);
    const outlived = async (rest: string, signals: readonly NodeJS.Signals[]) => {
      let kill: (name: NodeJS.Signals) => void = () => {};
      let told = "";
      const onStart = (child: ChildProcess) => {
        kill = (name) => child.kill(name);
        child.stderr?.on("data", (text: string) => (told += text));
      };
      const running = bench.run(words, begun(rest), { onStart });
      // Until then the command itself may still be ending, and would get the signal.
      await until(() => bench.has("begun") && told.includes("the command has ended"));
      for (const name of signals) kill(name);
      return running;
    };

    it.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
      "by %s: what was left is reported, and the report is written",
      async (name) => {
        const { status, signal, stderr } = await outlived("trap 'echo got > got; exit' TERM", [name]);
        expect([status, signal]).toEqual([7, null]);
        expect(stderr).toContain(`told to end (${name})`);
        expect(bench.has("got")).toBe(true);
        expect(bench.report()).toMatchObject({ verdict: "learnt", incomplete: [], exit: { status: 7 } });
      },
    );

    it("twice: a process that ignores signals is killed at once, with all its children", async () => {
      const rest = "trap '' TERM; setsid sh -c \"trap '' TERM; while :; do sleep 0.1; done\" & sleep 0.2";
      const { status, stderr } = await outlived(rest, ["SIGTERM", "SIGTERM"]);
      expect(status).toBe(7);
      expect(stderr).toContain("killed: ");
      expect(bench.report()).toMatchObject({ verdict: "learnt", incomplete: [], exit: { status: 7 } });
    });

    it("once: a process that ignores signals is killed after a while", async () => {
      const { status, stderr } = await outlived("trap '' TERM", ["SIGTERM"]);
      expect(status).toBe(7);
      expect(stderr).toMatch(/told to end[^]*killed: /);
      expect(bench.report()).toMatchObject({ verdict: "learnt", incomplete: [] });
    });
  });

  describe("whose ended processes come to be children of isoline", () => {
    /** The program that replaces itself by isoline as a subreaper, as the first process of a container is one. */
    const subreaper = ["-e", "syscall(157, 36, 1, 0, 0, 0) == 0 or die $!; exec @ARGV or die $!"];
    const isLeft =
      "for (1..300) { last unless -e \"/proc/$pid\"; select undef, undef, undef, 0.1 } print -e \"/proc/$pid\" ? 'left' : 'reaped'";
    it.each([
      ["since their parent has ended", "my $pid = `/bin/true & echo \\$!`; chomp $pid;"],
      // clone with CLONE_PARENT and SIGCHLD.
      ["by their own wish", "my $pid = syscall(56, 0x8011, 0, 0, 0, 0); POSIX::_exit(0) if $pid == 0;"],
    ])("%s: they are reaped", async (_, begins) => {
      const command = ["/usr/bin/perl", "-MPOSIX", "-e", `${begins} ${isLeft}`];
      const words = [...subreaper, isolineProgram, "learn", "-q", "-o", "contour", "--", ...command];
      const { status, stdout } = await ended("/usr/bin/perl", words, { cwd: bench.directory, uid: bench.uid });
      expect({ status, stdout }).toEqual({ status: 0, stdout: "reaped" });
    });
  });

  it("that closes every descriptor it has: it is seen as before", async () => {
    const script = "exec 0<&- 1>&- 2>&-; : < data";
    await bench.run("learn -q -o contour", shell("true"));
    const { status } = await bench.run("check -q contour --report report.json", shell(script));
    expect(status).toBe(3);
    expect(bench.report().departures.map(({ act }) => act.split(" ", 3).join(" "))).toEqual([
      "open access=read path=$CWD/data",
    ]);
  });

  it("that is started with every descriptor closed", async () => {
    const words = [
      "-c",
      'exec "$0" "$@" <&- >&- 2>&-',
      isolineProgram,
      "learn",
      "-o",
      "contour",
      "--",
      "/bin/cat",
      "data",
    ];
    await ended("/bin/sh", words, { cwd: bench.directory, uid: bench.uid });
    expect(await bench.run("verify contour")).toMatchObject({ status: 0 });
  });

  it("with a hundred thousand arguments, and with one of the greatest length", async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => String(index));
    expect(await bench.run("learn -q -o contour", ["/bin/sh", "-c", "echo $#", "x", ...many])).toMatchObject({
      status: 0,
      stdout: "100000\n",
    });
    const long = "x".repeat(131_071);
    expect(await bench.run("learn -q -o contour", ["/bin/sh", "-c", "echo ${#1}", "x", long])).toMatchObject({
      status: 0,
      stdout: "131071\n",
    });
  });

  it("with a large environment, or an empty one: it gets exactly that", async () => {
    const large = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`V${index}`, "v".repeat(60)]));
    const { stdout } = await bench.run("learn -q -o contour", ["/usr/bin/env"], { env: large });
    for (const [name, value] of Object.entries(large)) expect(stdout).toContain(`${name}=${value}\n`);
    const wide = { WIDE: "w".repeat(131_000) };
    expect((await bench.run("learn -q -o contour", shell("echo ${#WIDE}"), { env: wide })).stdout).toBe("131000\n");

    const odd = ["env", "-i", `PATH=${SYSTEM_PATH}`, "no-name=1", "with space=2", "=3"];
    const whole = await bench.run("learn -q -o contour", [...odd, "/usr/bin/env"]);
    expect(whole.stdout).toBe(`PATH=${SYSTEM_PATH}\nno-name=1\nwith space=2\n=3\n`);
  });
});
