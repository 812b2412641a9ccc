/** learn, check and run on small real commands: their output, their files, their exit status. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, constants, existsSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { isoline, program, temporaryPlace } from "./isoline.ts";

const place = temporaryPlace();
let app = "";
let note = "";
const shell = basename(realpathSync("/bin/sh"));
const cat = realpathSync("/bin/cat");
const behaviour = () => ["sh", "-c", `cat ${note}`];

beforeAll(() => {
  app = place.path("app.contour");
  note = place.path("note");
  writeFileSync(note, "hello\n");
  isoline(["learn", "-q", "-o", app, "--", ...behaviour()]);
});

describe("learn", () => {
  it("reports what it learnt, on stderr", () => {
    const { stdout, stderr } = isoline(["learn", "-o", place.path("a.contour"), "--", "echo", "hi"]);
    expect(stdout).toBe("hi\n");
    expect(stderr).toMatch(/^isoline: \S+a\.contour: \d+ points \(all new\) from \d+ events$/m);
  });

  it("prints nothing with --quiet", () => {
    expect(isoline(["learn", "-q", "-o", place.path("q.contour"), "--", "true"]).stderr).toBe("");
  });

  it("replaces an older contour, and adds to it with --merge", () => {
    const file = place.path("m.contour");
    isoline(["learn", "-q", "-o", file, "--", ...behaviour()]);
    const { stderr } = isoline(["learn", "--merge", "-o", file, "--", "ls", note]);
    expect(stderr).toMatch(/\d+ points \(\d+ new\)/);
    expect(isoline(["check", "-q", file, "--", ...behaviour()]).status).toBe(0);
    expect(isoline(["check", "-q", file, "--", "ls", note]).status).toBe(0);
    expect((JSON.parse(isoline(["verify", "--json", file]).stdout) as { runs: number }).runs).toBe(2);
    isoline(["learn", "-q", "-o", file, "--", "ls", note]);
    expect(isoline(["check", "-q", file, "--", ...behaviour()]).status).toBe(3);
  });

  it("adds to what another run wrote meanwhile", async () => {
    const file = place.path("shared.contour");
    const waiting = spawn(program, ["learn", "-q", "--merge", "-o", file, "--", "sh", "-c", `read _; cat ${note}`]);
    isoline(["learn", "-q", "--merge", "-o", file, "--", "ls", note]);
    waiting.stdin.end("go on\n");
    expect(await new Promise((resolve) => waiting.on("close", resolve))).toBe(0);
    expect(isoline(["check", "-q", file, "--", "ls", note]).status).toBe(0);
    expect(isoline(["check", "-q", file, "--", "sh", "-c", `read _; cat ${note}`], { input: "go on\n" }).status).toBe(
      0,
    );
    expect((JSON.parse(isoline(["verify", "--json", file]).stdout) as { runs: number }).runs).toBe(2);
  });

  it("tells programs apart that run the same file, isoline's own included", () => {
    const [file, first, second] = [place.path("node.contour"), place.path("first"), place.path("second")];
    for (const each of [first, second]) writeFileSync(each, "");
    const inner = `require("fs").readFileSync(${JSON.stringify(second)})`;
    const outer = `require("fs").readFileSync(${JSON.stringify(first)});
      require("child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(inner)}])`;
    isoline(["learn", "-q", "-o", file, "--", process.execPath, "-e", outer]);
    const groups = readFileSync(file, "utf8").split("\nby ");
    const whoOpens = (name: string) =>
      groups.filter((group) => group.includes(`/${name} `)).map((group) => group.split(" ", 1)[0]);
    const [one, other] = [whoOpens("first"), whoOpens("second")];
    expect([one, other]).toEqual([[expect.stringMatching(/^node:text~/)], [expect.stringMatching(/^node:text~/)]]);
    expect(one).not.toEqual(other);
  });

  it("gives the new contour the permissions of the old one", () => {
    const file = place.path("mode.contour");
    isoline(["learn", "-q", "-o", file, "--", "true"]);
    chmodSync(file, 0o600);
    isoline(["learn", "-q", "--merge", "-o", file, "--", "ls", note]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("begins anew if there is nothing to merge with, and says so", () => {
    const { status, stderr } = isoline(["learn", "--merge", "-o", place.path("new.contour"), "--", "true"]);
    expect(status).toBe(0);
    expect(stderr).toContain("is not there yet");
  });

  it("records a trajectory that replays on the contour, measurement included", () => {
    const [file, trajectory] = [place.path("t.contour"), place.path("t.jsonl")];
    const report = place.path("t.json");
    isoline(["learn", "-q", "-o", file, "--trajectory", trajectory, "--report", report, "--", ...behaviour()]);
    const { measurement, state } = JSON.parse(readFileSync(report, "utf8")) as Record<string, string>;
    expect(isoline(["replay", file, trajectory]).status).toBe(0);
    const replayed = isoline(["replay", trajectory, "--measurement", "--state"]).stdout;
    expect(replayed).toBe(`measurement ${measurement}\nstate ${state}\n`);
  });

  it("takes a lens by name or from a policy file, and refuses a wrong one before the workload runs", () => {
    const [file, policy, mark] = [place.path("l.contour"), place.path("policy.yaml"), place.path("mark")];
    writeFileSync(policy, "lens: default\nreaction: deny\nrules:\n  pty: false\n");
    expect(isoline(["learn", "-q", "-o", file, "--lens", policy, "--", "true"]).status).toBe(0);
    expect(isoline(["show", file]).stdout).toContain("lens default, changed by a policy file");
    expect(isoline(["learn", "-q", "-o", file, "--lens", "exact", "--", "true"]).status).toBe(0);
    expect(isoline(["show", file]).stdout).toContain("lens exact");
    for (const [text, says] of [
      ["reaktion: deny\n", "reaktion"],
      ["a: &a [1]\nb: [*a, *a]\n", "policy.yaml"],
      ["lens: [\n", "expected YAML or JSON"],
    ] as const) {
      writeFileSync(policy, text);
      const { status, stderr } = isoline(["learn", "-o", file, "--lens", policy, "--", "touch", mark]);
      expect(status).toBe(125);
      expect(stderr).toContain(says);
    }
    expect(isoline(["learn", "-o", file, "--lens", "exakt", "--", "touch", mark]).stderr).toContain(
      "expected default, exact",
    );
    expect(existsSync(mark)).toBe(false);
  });

  it("keeps the older contour if the new one cannot be added", () => {
    const { size } = statSync(app);
    const { status, stderr } = isoline(["learn", "--merge", "--lens", "exact", "-o", app, "--", "true"]);
    expect(status).toBe(125);
    expect(stderr).toContain("another policy");
    expect(statSync(app).size).toBe(size);
  });
});

describe("check", () => {
  it("ends with 0 on contour", () => {
    const { status, stdout, stderr } = isoline(["check", app, "--", ...behaviour()]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "hello\n" });
    expect(stderr).toMatch(/^isoline: on contour: \d+ events against \d+ points/m);
  });

  it("ends with 3 off contour, and gives the reason in one line each", () => {
    const other = place.path("other");
    writeFileSync(other, "secret\n");
    const { status, stdout, stderr } = isoline(["check", app, "--", "sh", "-c", `cat ${other}`]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "secret\n" });
    expect(stderr).toMatch(
      /^isoline: off contour: `cat` \(dash as sh \(text\) → cat\) opened \S*other for reading; nearest on contour: /m,
    );
    expect(stderr).toMatch(/^isoline: off contour: 1 departure; /m);
  });

  it("prints few lines for a program whose every act is off contour", () => {
    const { stderr } = isoline(["check", app, "--", "ls", note]);
    expect(stderr.split("\n").length).toBeLessThan(15);
    expect(stderr).toMatch(
      /^isoline: loaded what every program loads: `ls`, \d+ acts of loader, libraries and locale$/m,
    );
  });

  it("names first what matters, and folds what every start loads", () => {
    const { stderr } = isoline(["check", app, "--", "sh", "-c", "cat /etc/shadow > /dev/null; mkdir a; rmdir a; true"]);
    expect(stderr).toMatch(
      /^isoline: off contour: `cat` \(dash as sh \(text\) → cat\) opened \/etc\/shadow for reading/,
    );
    expect(stderr).not.toMatch(/\) (?:opened|mapped) \S*(?:ld\.so|libc|locale)/);
  });

  it("passes on the status and the signal of a workload that keeps to the contour", () => {
    const file = place.path("ends.contour");
    const script = ["sh", "-c", "kill -$SIGNAL $$; exit 7"];
    const ends = (args: readonly string[], signal: string) => isoline(args, { environment: { SIGNAL: signal } });
    expect(ends(["learn", "-q", "-o", file, "--", ...script], "0")).toMatchObject({ status: 7 });
    expect(ends(["check", "-q", file, "--", ...script], "0")).toMatchObject({ status: 7 });
    for (const signal of ["TERM", "KILL", "SEGV", "INT"]) {
      isoline(["learn", "-q", "--merge", "-o", file, "--", ...script], { environment: { SIGNAL: signal } });
      expect(ends(["check", "-q", file, "--", ...script], signal)).toMatchObject({
        status: null,
        signal: `SIG${signal}`,
      });
    }
  });

  it("delivers a report to a file or to stdout", () => {
    const file = place.path("report.json");
    const { stdout } = isoline(["check", app, "--report", file, "--", ...behaviour(), "an argument"]);
    expect(stdout).toBe("hello\n");
    const report = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    expect(report).toMatchObject({
      isoline: 1,
      verdict: "on-contour",
      contour: app,
      command: [...behaviour(), "an argument"],
      exit: { status: 0 },
      mode: "watch",
      departures: [],
      incomplete: [],
    });
    const printed = isoline(["check", app, "--json", "--", "sh", "-c", "cat /etc/hostname >&2; exit 5"]);
    expect(printed.status).toBe(3);
    expect(JSON.parse(printed.stdout)).toMatchObject({ verdict: "off-contour", exit: { status: 5 }, off: 1 });
  });

  it("refuses a damaged contour before the workload runs", () => {
    const [damaged, mark] = [place.path("damaged.contour"), place.path("ran")];
    writeFileSync(damaged, readFileSync(app, "utf8").slice(0, -10));
    const { status, stderr } = isoline(["check", damaged, "--", "touch", mark]);
    expect(status).toBe(125);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(mark)).toBe(false);
  });
});

describe("run", () => {
  it("ends as the workload ends, off contour or not", () => {
    expect(isoline(["run", app, "--", "sh", "-c", "cat /etc/hostname >/dev/null; exit 9"]).status).toBe(9);
  });

  it("refuses what is off contour with --enforce", () => {
    const { status, stdout, stderr } = isoline(["run", app, "--enforce", "--", "sh", "-c", "cat /etc/hostname"]);
    expect(stdout).toBe("");
    expect(status).toBe(1);
    expect(stderr).toContain("Operation not permitted");
    expect(stderr).toMatch(/^isoline: refused, off contour: `cat` .* opened \/etc\/hostname for reading/m);
    expect(stderr).toMatch(
      /^isoline: (enforced by the kernel as well: Landlock version \d+, \d+ rules|without Landlock: )/m,
    );
    const bare = isoline(["run", app, "--enforce", "--no-landlock", "--json", "--", ...behaviour()]);
    expect(bare.stderr).not.toContain("Landlock");
    expect(JSON.parse(bare.stdout.slice(bare.stdout.indexOf("{")))).toMatchObject({ mode: "enforce", landlock: null });
  });

  it("ends with 127 for a missing command and 126 for one that cannot run", () => {
    expect(isoline(["run", app, "--", "no-such-command"])).toMatchObject({ status: 127, stdout: "" });
    expect(isoline(["run", app, "--", place.path("nothing")]).status).toBe(127);
    expect(isoline(["run", app, "--", note])).toMatchObject({ status: 126 });
    expect(isoline(["run", app, "--", "/"])).toMatchObject({ status: 126 });
  });

  it("passes arguments on byte for byte", () => {
    const bytes = spawnSync("sh", [
      "-c",
      `"${program}" run -q "${app}" -- printf '%s|' "$(printf 'a\\377b')" '' 'c d'`,
    ]);
    expect(bytes.stdout.toString("latin1")).toBe("a\xffb||c d|");
  });

  it("leaves the pipes of the workload unchanged", () => {
    const { stdout } = isoline(["run", "-q", app, "--", "cat", "/proc/self/fdinfo/1"]);
    const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(stdout)?.[1] ?? "", 8);
    expect(flags & constants.O_NONBLOCK).toBe(0);
  });

  it("waits for what its first process left behind, and says so", () => {
    const { status, stdout, stderr } = isoline(["run", app, "--", "sh", "-c", "(sleep 2; echo late) & exit 4"]);
    expect(status).toBe(4);
    expect(stdout).toBe("late\n");
    expect(stderr).toContain("the command has ended; its namespace lives until");
  });
});

describe("a live namespace", () => {
  it("can be listed, followed, asked about trust, and sealed", async () => {
    const [runtime, file] = [place.path("."), place.path("live.contour")];
    const environment = { XDG_RUNTIME_DIR: runtime };
    // A name that the namespace made is decided anew each time, and so is sent to a client that follows.
    const loop = 'while test ! -e "$0"; do : >"$0.new"; rm "$0.new"; sleep 0.1; done; cat /etc/hostname >/dev/null';
    const stop = place.path("stop");
    const learning = spawn(program, ["learn", "-o", file, "--name", "live", "--", "sh", "-c", loop, stop], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    learning.stderr.on("data", (piece: Buffer) => (said += piece.toString("utf8")));
    const ended = new Promise<number | null>((resolve) => learning.on("close", resolve));
    await expect.poll(() => isoline(["ps", "-q"], { environment }).stdout, { timeout: 20_000 }).toContain("live\n");

    const listed = isoline(["ps"], { environment }).stdout;
    expect(listed).toMatch(/^NAME +PID +MODE +POINTS +EVENTS +OFF +GRAVEST +COMMAND$/m);
    expect(listed).toMatch(/^live +\d+ +learn +\d+ +\d+ +0 +- +sh -c /m);
    expect(isoline(["top"], { environment }).stdout).toContain("live");
    expect(isoline(["trust", "live"], { environment }).stdout).toMatch(
      new RegExp(`^\\d+ +trusted +${shell} as sh \\(text\\)$`, "m"),
    );
    expect(isoline(["trust", "live", "1"], { environment }).status).toBe(1);
    expect(isoline(["learn", "-o", file, "--name", "live", "--", "true"], { environment })).toMatchObject({
      status: 125,
    });

    const following = spawn(program, ["events", "live", "--json"], {
      env: { ...process.env, ...environment },
    });
    let events = "";
    following.stdout.on("data", (piece: Buffer) => (events += piece.toString("utf8")));
    const followed = new Promise<number | null>((resolve) => following.on("close", resolve));
    await expect.poll(() => events, { timeout: 20_000 }).toContain('"act":"create ');
    expect(isoline(["seal", "live"], { environment }).stderr).toMatch(/^isoline: live is sealed with \d+ points/);
    expect(isoline(["ps"], { environment }).stdout).toMatch(/^live +\d+ +watch/m);

    writeFileSync(stop, "");
    expect(await ended).toBe(0);
    expect(await followed).toBe(0);
    expect(said).toContain("off contour since it was sealed");
    const lines = events
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { verdict: string; why?: string });
    const off = lines.filter(({ verdict }) => verdict === "off");
    expect(off.some(({ why }) => why?.includes(`executed ${cat}`))).toBe(true);
    expect(isoline(["ps", "-q"], { environment }).stdout).not.toContain("live\n");
  });
});
