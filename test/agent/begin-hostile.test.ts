/** Processes that would begin a namespace where they may not, for another, or without end. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askAgent } from "../../packages/isoline/src/agent/begun/ask.ts";
import { pause, until } from "../faults/bench.ts";
import { compiler } from "../sensor/case.ts";
import { type Ended, ended, isBuilt, isolineProgram } from "../support/isoline.ts";
import { isCI, isInstalled, isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const OWNER = 65_531;
const NEIGHBOUR = 65_532;
const GROUPED = 65_533;
const GREEDY = 65_534;
const LEARNER = 65_530;
/** A control group of the hierarchy that a service manager keeps. */
const GROUPS = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup"].find((place) => existsSync(`${place}/cgroup.procs`));
const GROUP = `/isoline-begin-${process.pid}`;

const CONNECTED = "use IO::Socket::UNIX; $SIG{PIPE} = q(IGNORE); sub at { IO::Socket::UNIX->new(Peer => $ARGV[0]) }";
/** Says every further argument in a line, and prints what comes. */
const SPEAKS = `${CONNECTED} $s = at(); shift; $s->autoflush(1); print $s "$_\\n" for @ARGV; print while <$s>`;
/** The same by a child of the process that connected, when that has ended. */
const HANDS = `${CONNECTED} $s = at(); shift; $s->autoflush(1); $p = $$; sleep 1; exit if fork;
  select(undef, undef, undef, 0.05) while getppid() == $p; print $s "$_\\n" for @ARGV; print while <$s>`;
/** The same, and the one that connected is a zombie meanwhile. */
const HANDS_UNREAPED = `if ($z = fork) { sleep 4; waitpid $z, 0; exit } ${HANDS}`;
/** Says a million bytes a hundred times, without an end of the line. */
const POURS = `${CONNECTED} $s = at(); for (1..100) { last unless defined syswrite $s, "x" x 1e6 } print while <$s>`;
/** Connects a hundred times, says nothing, and tells what each is told within a second. */
const CROWDS = `${CONNECTED} @all = grep { $_ } map { at() } 1..100; sleep 1;
  for (@all) { $_->blocking(0); print while <$_> } print scalar(@all), " connected\\n"; sleep 2`;

const waitsFor = (place: string) => `until [ -e ${place} ]; do sleep 0.05; done`;
const PLACES = { cwd: "/", home: "/", temp: [], uid: OWNER, gid: OWNER, ephemeralPorts: [32768, 60999] };
const ORDER = { isoline: 1, ask: "begin", enforces: false, command: "x", words: ["x"], places: PLACES };

describe.skipIf(!isBuilt || !isRoot)("hostile processes at the agent (needs a build and root)", () => {
  const agent = new TestAgent();
  const socket = join(agent.directory, "begin", "socket");
  const begin = (words: readonly string[], script: string, uid: number = OWNER) =>
    agent.isoline(["namespace", "begin", "-q", "--agent-socket", socket, ...words, "--", "sh", "-c", script], {
      ...{ uid, cwd: "/" },
    });
  const perl = (script: string, frames: readonly object[] = [], uid: number = OWNER): Promise<Ended> =>
    ended("perl", ["-e", script, socket, ...frames.map((frame) => JSON.stringify(frame))], { uid, cwd: "/" });
  const served = () => begin([], "exit 5", NEIGHBOUR);

  beforeAll(async () => {
    const rules = [
      `{ users: [${OWNER}, ${NEIGHBOUR}, ${GREEDY}, ${LEARNER}] }`,
      `{ users: [${GROUPED}], controlGroups: [${GROUP}] }`,
      `{ users: [${GROUPED}], programs: [/usr/bin/none] }`,
    ];
    await agent.start(`begin: { socket: ${socket}, namespaces: 4, points: 60, allow: [${rules.join(", ")}] }\n`);
    chmodSync(agent.directory, 0o711);
  });
  afterAll(() => agent.clear());

  it.each([
    ["a process that it did not start", { say: "started", pid: 1 }, "expected a child of process"],
    ["a file that is no listener", { say: "filtered", listener: 0 }, "expected the listener of a filter"],
    ["a descriptor that is not there", { say: "filtered", listener: 900 }, "cannot be taken"],
    ["a first process that has no filter", { say: "started", pid: 4_100_000 }, "a start before its order"],
  ])("a namespace is not begun with %s", async (_, frame, why) => {
    expect((await perl(SPEAKS, [ORDER, frame])).stdout).toContain(why);
    await until(() => agent.log.some(({ event }) => event === "refused"));
    expect(agent.log.some(({ event }) => event === "began")).toBe(false);
  });

  it.each([
    ["", HANDS],
    [" and is not waited for", HANDS_UNREAPED],
  ])("a connection that was handed on begins nothing for the one that made it%s", async (_, script) => {
    const { stdout } = await perl(script, [ORDER]);
    expect(stdout).toContain("the process that connected, and it has ended");
    expect(await served()).toMatchObject({ status: 5, stderr: "" });
  });

  it.each([
    ["a policy that is too long", { ...ORDER, policy: "#".repeat(70_000) }, "at most 65536 characters"],
    ["enforcement without a contour", { ...ORDER, enforces: true }, "expected a contour to enforce"],
    [
      "a contour that is no contour",
      { ...ORDER, contour: { called: "x", bytes: "AAAA" } },
      "contour file, line 1: expected a newline",
    ],
    ["a name that leads elsewhere", { ...ORDER, name: "../x" }, "expected a name of letters"],
    ["an order of root", { isoline: 1, ask: "run" }, "to be asked for"],
    ["nothing that is known", {}, "expected words of version 1"],
  ])("%s is refused in one line", async (_, order, why) => {
    const { stdout } = await perl(SPEAKS, [order], NEIGHBOUR);
    expect(stdout.trim().split("\n").at(-1)).toContain(why);
  });

  describe.skipIf(compiler === undefined)("(needs gcc)", () => {
    const program = join(agent.directory, "leaves");
    beforeAll(() => {
      const source = fileURLToPath(new URL("leaves.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-static", "-o", program, source, "-lpthread"]);
    });

    it.each([
      ["closes its connection", []],
      ["says that it failed", [{ say: "failed", message: "x" }]],
      ["says that its first exec failed", [{ say: "failed", message: "x", unstarted: "not-executable" }]],
    ])("a thread whose process has the filter, starts nothing and %s is not supervised any more", async (_, last) => {
      const threads = () => readdirSync(`/proc/${agent.pid}/task`).length;
      // What was refused just before still takes the places of its user.
      await expect.poll(async () => (await served()).status, { timeout: 60_000 }).toBe(5);
      const before = threads();
      const frames = [ORDER, ...last].map((frame) => JSON.stringify(frame));
      const { status, stdout } = await ended(program, [socket, ...frames], { uid: OWNER, cwd: "/" });
      expect({ status, stdout }).toEqual({ status: 0, stdout: "Function not implemented\n" });
      await until(() => threads() <= before);
    });
  });

  it("a user has at most as many namespaces as the configuration says", async () => {
    const [ending, before] = [join(agent.directory, "ending"), agent.log.length];
    const running = ["a", "b", "c", "d"].map((name) => begin(["--name", name], waitsFor(ending), GREEDY));
    await until(() => agent.log.slice(before).filter(({ event }) => event === "began").length === 4);
    const beyond = await begin([], "true", GREEDY);
    mkdirSync(ending);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(beyond).toMatchObject({
      status: 125,
      stderr: expect.stringContaining("at most 4 namespaces of user 65534"),
    });
  });

  it("a namespace that learns without end is sealed, and what is new then is off contour", async () => {
    const [sealed, before] = [join(agent.directory, "sealed"), agent.log.length];
    const learns = "for each in /usr/bin/[a-d]*; do read line < $each; done 2> /dev/null";
    const running = begin(["--name", "much"], `${learns}; ${waitsFor(sealed)}; ls /etc`, LEARNER);
    await until(() => agent.log.slice(before).some(({ event }) => event === "began"));
    const mode = async () =>
      ((await askAgent(socket, { ask: "show", name: `${LEARNER}/much` })) as { readonly mode: string }).mode;
    while ((await mode()) === "learn") await pause(50);
    mkdirSync(sealed);
    await running;
    const ends = agent.log.slice(before).filter(({ event }) => event === "ended");
    expect(ends).toMatchObject([{ namespace: `${LEARNER}/much`, verdict: "off-contour" }]);
  });

  describe.skipIf(!isCI)("(only in CI)", () => {
    it("half a frame, frames without end and a crowd of connections are dropped, and others are served meanwhile", async () => {
      const half = ended("perl", ["-e", `${CONNECTED} $s = at(); syswrite $s, "{"; print while <$s>`, socket], {
        ...{ uid: OWNER, cwd: "/" },
      });
      const poured = await perl(POURS);
      const flooded = await perl(SPEAKS, [
        ORDER,
        ...Array.from({ length: 300 }, () => ({ say: "departures", from: 0 })),
      ]);
      const crowd = perl(CROWDS);
      const meanwhile = await served();
      expect(poured.stdout).toBe("");
      expect(flooded.stdout).not.toContain("begun");
      expect((await crowd).stdout).toMatch(/expected at most 32 connections of user 65531/);
      expect((await half).stdout).toBe("");
      expect([meanwhile, await served()].map(({ status }) => status)).toEqual([5, 5]);
    });
  });

  describe.skipIf(GROUPS === undefined || !isInstalled("setpriv"))("(needs control groups and setpriv)", () => {
    it("a control group is allowed, and the same user outside of it is not", async () => {
      const group = `${GROUPS}${GROUP}`;
      mkdirSync(group);
      const enters = `echo $$ > ${group}/cgroup.procs; exec setpriv --reuid=${GROUPED} --clear-groups "$@"`;
      const words = [isolineProgram, "namespace", "begin", "-q", "--agent-socket", socket, "--", "sh", "-c", "exit 6"];
      const inside = await ended("sh", ["-c", enters, "sh", ...words], { cwd: "/" });
      const outside = await begin([], "true", GROUPED);
      rmdirSync(group);
      expect(inside).toMatchObject({ status: 6, stderr: "" });
      expect(outside).toMatchObject({ status: 125, stderr: expect.stringContaining(`got user ${GROUPED}`) });
    });
  });
});
