/** A command that is handed over to the agent ends as it does without one, and fails closed when the agent dies. */
import { type ChildProcess, execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, type Report } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const LEARNT = "cat /etc/hostname > /dev/null; sleep 0.1; [ -z '' ]";
const LONG_PROGRAM = 256 * 1024 * 1024;
const DEPARTS = "cat /etc/hostname > /dev/null; cat /etc/passwd; exit 7";

describe.skipIf(!isBuilt || !isRoot)("a command at the agent (needs a build and root)", () => {
  const agent = new TestAgent();
  beforeAll(async () => {
    await agent.start();
    await agent.isoline(["learn", "-q", "-o", "cat.contour", "--", "sh", "-c", LEARNT]);
  });
  afterAll(() => agent.clear());

  const reportOf = (name: string) => JSON.parse(readFileSync(join(agent.directory, name), "utf8")) as Report;

  it("ends with its own status and says what it says without an agent", async () => {
    const words = ["cat.contour", "--enforce", "--report"];
    const own = await agent.isoline(["run", ...words, "own.json", "--", "sh", "-c", DEPARTS]);
    const handed = await agent.run([...words, "handed.json"], DEPARTS);
    expect(handed).toEqual({ ...own, status: 7 });
    const [one, other] = [reportOf("own.json"), reportOf("handed.json")];
    expect(other).toMatchObject({
      verdict: "off-contour",
      points: one.points,
      off: one.off,
      refused: 1,
      state: one.state,
      landlock: one.landlock,
      incomplete: [],
    });
    expect(agent.log.at(-1)).toMatchObject({ event: "ended", verdict: "off-contour" });
  });

  it("ends by the signal that ended it", async () => {
    const { signal } = await agent.run(["-q", "cat.contour"], "kill -USR1 $$");
    expect(signal).toBe("SIGUSR1");
  });

  it("hears signals that are sent to the client", async () => {
    const handed = await agent.run(
      ["-q", "cat.contour"],
      "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done",
      {
        onStart: (child) => child.stdout?.on("data", () => child.kill("SIGTERM")),
      },
    );
    expect(handed.status).toBe(9);
  });

  it("hears a signal while its program is being started, and the program gets it", async () => {
    // Hashed before it may run: so long, its start takes a moment.
    const program = join(agent.directory, "sleep");
    copyFileSync("/usr/bin/sleep", program);
    truncateSync(program, LONG_PROGRAM);
    await agent.isoline(["learn", "-q", "-o", "sleep.contour", "--", program, "0"]);
    const handed = await agent.isoline(
      ["run", "-q", "sleep.contour", "--enforce", "--agent", "--agent-socket", agent.socket, "--", program, "600"],
      { onStart: (child) => void forked(child).then(() => child.kill("SIGTERM")) },
    );
    expect(handed.signal).toBe("SIGTERM");
    await expect.poll(() => agent.log.at(-1)).toMatchObject({ event: "ended", verdict: "on-contour" });
  });

  it("is refused where the contour is missing, and nothing of it runs", async () => {
    const handed = await agent.run(["none.contour", "--enforce"], "touch ran");
    expect(handed.status).toBe(125);
    expect(handed.stderr).toContain("none.contour");
    expect(existsSync(join(agent.directory, "ran"))).toBe(false);
  });

  it("has a report, a reason and a next step where its start is refused", async () => {
    const words = ["run", "cat.contour", "--enforce", "--report"];
    const own = await agent.isoline([...words, "own.json", "--", "ls"]);
    const there = ["--agent", "--agent-socket", agent.socket, "--name", "refused-start"];
    const handed = await agent.isoline([...words, "handed.json", ...there, "--", "ls"]);
    expect(handed).toEqual({ ...own, status: 126 });
    expect(handed.stderr).toContain("starting it was refused, and nothing ran; if it is wanted: isoline learn --merge");
    expect(reportOf("handed.json")).toMatchObject({
      ...{ verdict: "off-contour", exit: { status: 126 } },
      departures: [{ refused: 1, act: expect.stringMatching(/^exec path=\/usr\/bin\/ls /) }],
    });
    expect(agent.log.at(-1)).toMatchObject({ event: "ended", verdict: "off-contour" });
    const told = await agent.isoline(["departures", "refused-start"]);
    expect(told.stdout).toContain("executed /usr/bin/ls");
  });

  it("that is there and cannot be executed says so, as without an agent", async () => {
    writeFileSync(join(agent.directory, "bad"), "#!/nonexistent\n", { mode: 0o755 });
    const own = await agent.isoline(["run", "cat.contour", "--", "./bad"]);
    const handed = await agent.isoline([
      "run",
      "cat.contour",
      "--agent",
      "--agent-socket",
      agent.socket,
      "--",
      "./bad",
    ]);
    expect(handed).toEqual({ ...own, status: 127 });
  });

  it("is not handed over to an agent that is not there", async () => {
    const { status, stderr } = await agent.isoline([
      "run",
      "cat.contour",
      "--agent",
      "--agent-socket",
      "/nowhere/socket",
      "--",
      "true",
    ]);
    expect(status).toBe(125);
    expect(stderr).toContain("expected this machine's agent at /nowhere/socket");
    expect(stderr).toContain('wait for its line "ready"');
  });

  it.each([
    ["no JSON", "hello\n", "not understood"],
    ["another version", `${JSON.stringify({ isoline: 9, ask: "run" })}\n`, "expected words of version 1"],
    ["an unknown order", `${JSON.stringify({ isoline: 1, ask: "constructor" })}\n`, "to be asked for"],
    ["no plan", `${JSON.stringify({ isoline: 1, ask: "run" })}\n`, "the plan: expected an object"],
    [
      "a relative contour",
      `${JSON.stringify({ isoline: 1, ask: "run", plan: { mode: "enforce", contour: "x" } })}\n`,
      "absolute path",
    ],
  ])("a client that says %s is refused, and others go on", async (_, said, why) => {
    const answer = await spoken(agent.socket, said);
    expect(answer).toContain('"say":"refused"');
    expect(answer).toContain(why);
    expect((await agent.run(["-q", "cat.contour", "--enforce"], LEARNT)).status).toBe(0);
  });

  it("a client that never ends a frame is dropped", async () => {
    const answer = await spoken(agent.socket, "x".repeat(5 * 1024 * 1024));
    expect(answer).toBe("");
    expect((await agent.run(["-q", "cat.contour", "--enforce"], LEARNT)).status).toBe(0);
  });

  it("is refused from inside of a namespace, which would have the agent act for it", async () => {
    const ask = `require("node:net").connect(${JSON.stringify(agent.socket)}).pipe(process.stdout)`;
    for (const sensor of ["seccomp", "bpf"]) {
      const inside = await agent.isoline([
        "learn",
        "-q",
        "--sensor",
        sensor,
        "-o",
        "in.contour",
        "--",
        "node",
        "-e",
        ask,
      ]);
      expect(inside.stdout).toContain("outside of all behaviour namespaces");
    }
  });

  it("fails closed when the agent is killed, and the next agent takes orders", async () => {
    const script = "echo begun; while cat /etc/hostname > /dev/null; do sleep 0.05; done; exec 1>&-; sleep 60";
    const handed = await agent.run(["-q", "cat.contour", "--enforce"], script, {
      onStart: (child) => child.stdout?.on("data", () => void agent.end("SIGKILL")),
    });
    expect(handed.status).toBe(125);
    expect(handed.stderr).toContain("the agent has ended");
    await agent.start();
    expect((await agent.run(["-q", "cat.contour", "--enforce"], LEARNT)).status).toBe(0);
  });

  it("says which processes a killed agent leaves behind, and what to do with them", async () => {
    execFileSync("mkfifo", [join(agent.directory, "fifo")]);
    // It waits in a call that is not mediated.
    const handed = await agent.run(["-q", "cat.contour"], "exec 3<> fifo; echo begun; exec 1>&- 2>&-; read -r _ <&3", {
      onStart: (child) => child.stdout?.on("data", () => void agent.end("SIGKILL")),
    });
    expect(handed.status).toBe(125);
    const [, pid = "none"] = /in what still runs \(process (\d+)\) mediated calls fail/.exec(handed.stderr) ?? [];
    expect(handed.stderr).toContain(`end it (kill -9 ${pid}), start isoline agent, and start the command anew`);
    expect(readFileSync(`/proc/${pid}/cmdline`, "latin1")).toContain("exec 3<> fifo");
    process.kill(Number(pid), "SIGKILL");
    await agent.start();
  });
});

/** Everything that the agent answers to these bytes, until it closes. */
function spoken(path: string, said: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(path, () => socket.write(said));
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
  });
}

/** Waits until a thread of a process has a child. The shell that becomes it had others. */
async function forked({ pid }: ChildProcess): Promise<void> {
  await expect.poll(() => readlinkSync(`/proc/${pid}/exe`), { interval: 1 }).toMatch(/\/node$/);
  const tasks = `/proc/${pid}/task`;
  const children = () => readdirSync(tasks).map((tid) => readFileSync(`${tasks}/${tid}/children`, "utf8"));
  await expect.poll(() => children().join(""), { interval: 1 }).not.toBe("");
}
