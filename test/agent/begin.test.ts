/** A process without root begins a namespace for itself at the agent: what it may, what is done once, and what it reads. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askAgent, type Question } from "../../packages/isoline/src/agent/begun/ask.ts";
import { until } from "../faults/bench.ts";
import { type Ended, isBuilt, isolineProgram, type Report } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const OWNER = 65_531;
const STRANGER = 65_532;
const RULES = "measure func=BPRM_CHECK\n";
/** Waits for a file, without starting a program. */
const untilThere = (file: string) => `until [ -e ${file} ]; do read -t 0.05 x <> fifo; done`;

describe.skipIf(!isBuilt || !isRoot)("a namespace that a process begins for itself (needs a build and root)", () => {
  const agent = new TestAgent();
  const socket = join(agent.directory, "begin", "socket");
  const place = join(agent.directory, "owner");
  const at = (file: string) => join(place, file);
  const as = (uid: number, words: readonly string[]): Promise<Ended> => agent.isoline(words, { uid, cwd: place });
  const ask = (words: readonly string[], uid: number = OWNER) =>
    as(uid, ["namespace", words[0] ?? "", "--agent-socket", socket, ...words.slice(1)]);
  const begin = (options: readonly string[], script: string) =>
    ask(["begin", "-q", ...options, "--", "bash", "-c", script]);
  /** What the agent answers root, or why it refuses. */
  const answered = (question: Question) => askAgent(socket, question).catch((fault: Error) => fault.message);
  /** Begins one, does something while it runs, and has it end. */
  const during = async (options: readonly string[], meanwhile: () => Promise<void>, script = ":") => {
    const gate = `gate-${Math.random()}`;
    const before = agent.log.length;
    const ended = begin(options, `${untilThere(gate)}; ${script}`);
    await until(() => agent.log.slice(before).some(({ event }) => event === "began"));
    await meanwhile();
    writeFileSync(at(gate), "");
    return ended;
  };

  beforeAll(async () => {
    await agent.start(`begin: { socket: ${socket}, namespaces: 64, allow: [{ users: [${OWNER}] }] }\n`);
    chmodSync(agent.directory, 0o711);
    mkdirSync(place, { mode: 0o777 });
    chmodSync(place, 0o777);
    await as(OWNER, ["learn", "-q", "-o", "cat.contour", "--", "sh", "-c", "cat /etc/hostname"]);
    writeFileSync(at("policy"), RULES);
    execFileSync("mkfifo", [at("fifo")]);
    chmodSync(at("fifo"), 0o666);
  });
  afterAll(() => agent.clear());

  it("ends as its command ends, and its own user is the one who acts", async () => {
    const one = await begin(["--name", "ends", "--json"], "id -u; exit 7");
    expect(one.status).toBe(7);
    expect(one.stdout.startsWith(`${OWNER}\n`)).toBe(true);
    const report = JSON.parse(one.stdout.slice(`${OWNER}\n`.length)) as Report;
    expect(report).toMatchObject({ verdict: "learnt", incomplete: [] });
    expect(report.points).toBeGreaterThan(0);
    expect(agent.log.at(-1)).toMatchObject({ event: "ended", namespace: `${OWNER}/ends` });
  });

  it("has a report, a reason and a next step where the start of its command is refused", async () => {
    const words = ["begin", "--contour", "cat.contour", "--enforce", "--report", "refused.json", "--", "ls"];
    const { status, stdout, stderr } = await ask(words);
    expect({ status, stdout }).toEqual({ status: 126, stdout: "" });
    expect(stderr).toMatch(/^isoline: refused, off contour: .*executed \/usr\/bin\/ls; nearest on contour: /m);
    expect(stderr).toContain("starting it was refused, and nothing ran; if it is wanted: isoline learn --merge -o cat");
    expect(JSON.parse(readFileSync(at("refused.json"), "utf8"))).toMatchObject({
      ...{ verdict: "off-contour", exit: { status: 126 }, departures: [{ refused: 1 }] },
    });
  });

  it("reading gives contour, measurement, state and lists; a policy from the start is sealed", async () => {
    let said: Ended[] = [];
    let asked: unknown[] = [];
    await during(["--name", "first", "--policy", "policy"], async () => {
      said = [
        await ask(["show", "--list", "first"]),
        await ask(["show", "--contour", "first"]),
        await ask(["show", "first"]),
        await ask(["ls"]),
        await begin(["--name", "first"], ":"),
      ];
      const name = `${OWNER}/first`;
      asked = [
        await answered({ ask: "show", name }),
        await answered({ ask: "policy", name, policy: "dont_measure\n" }),
        await answered({ ask: "show", name: "first" }),
      ];
    });
    expect(said[4]).toMatchObject({ status: 125, stderr: expect.stringContaining("got first; choose another one") });
    const [list, contour, shown, names] = said.map(({ stdout }) => stdout);
    expect(list).toMatch(/^10 [0-9a-f]{64} ima-sig sha256:[0-9a-f]{64} .*\/bash/m);
    writeFileSync(at("learnt.contour"), contour ?? "");
    expect(await as(OWNER, ["show", "learnt.contour"])).toMatchObject({ status: 0, stderr: "" });
    expect(shown).toMatch(/^integrity +1 rule, sealed; [1-9]\d* measured, 0 violations$/m);
    expect(names).toMatch(/^NAME +USER +PID +MODE +COMMAND\nfirst +65531 +\d+ +learn +bash -c/);
    const [state, second, ofRoot] = asked;
    const hex = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
    expect(state).toMatchObject({
      ...{ isoline: 1, name: "first", user: OWNER, mode: "learn", sealed: true, policy: RULES, incomplete: [] },
      contour: { profile: "iso1", state: hex, measurement: hex, policy: hex },
    });
    expect(second).toMatch(/^first is sealed/);
    expect(ofRoot).toMatch(/^user 0 began no such namespace/);
  });

  it("a policy is written after, once; another is refused, and after sealing the first as well", async () => {
    const [name, sealed] = [`${OWNER}/later`, `${OWNER}/sealed`];
    let [said, asked]: [Ended[], unknown[]] = [[], []];
    await during(["--name", "later"], async () => {
      asked = [await answered({ ask: "policy", name, policy: "measure nonsense\n" })];
      said = [await ask(["policy", "policy", "later"]), await ask(["policy", "policy", "later"])];
      asked.push(await answered({ ask: "show", name }));
    });
    expect(asked[0]).toMatch(/nonsense/);
    expect(said.map(({ status }) => status)).toEqual([0, 1]);
    expect(said[0]?.stderr).toBe("isoline: 1 rule; sealed\n");
    expect(said[1]?.stderr).toContain("later is sealed");
    expect(asked[1]).toMatchObject({ policy: RULES, sealed: true });
    const report = at("sealed.json");
    await during(
      ["--name", "sealed", "--report", report],
      async () => {
        said = [await ask(["seal", "--json", "sealed"])];
        asked = [await answered({ ask: "policy", name: sealed, policy: RULES })];
      },
      "cat /etc/passwd > /dev/null",
    );
    expect(JSON.parse(said[0]?.stdout ?? "")).toMatchObject({ mode: "watch", sealed: true, policy: "" });
    expect(asked[0]).toMatch(/^sealed is sealed/);
    expect((JSON.parse(readFileSync(report, "utf8")) as Report).off).toBeGreaterThan(0);
  });

  it("a contour is enforced, and what is off it is refused", async () => {
    const report = at("enforced.json");
    const one = await ask(
      ["begin", "-q", "--contour", "cat.contour", "--enforce", "--report", report, "--", "sh", "-c"].concat(
        "cat /etc/hostname; cat /etc/passwd",
      ),
    );
    expect(one.status).not.toBe(0);
    expect(one.stdout).toBe(readFileSync("/etc/hostname", "utf8"));
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ verdict: "off-contour", refused: 1 });
  });

  it("from inside it shows itself, sets its own policy, and neither begins another nor sees others", async () => {
    const inside = ["policy policy", "show --json", "ls", "begin -q -- true"].map((words) =>
      words.replace(/^\w+/, (command) => `isoline namespace ${command} --agent-socket ${socket}`),
    );
    const one = await begin(["--name", "inside"], `PATH=${dirname(isolineProgram)}:$PATH; ${inside.join("; ")}`);
    expect(one.stdout).toContain('"name": "inside"');
    const [policy, names, another] = one.stderr.trim().split("\n");
    expect(policy).toBe("isoline: 1 rule; sealed");
    expect(names).toContain("outside of all behaviour namespaces");
    expect(another).toContain("outside of all behaviour namespaces");
    expect(one.status).toBe(125);
  });

  it("a user who is not allowed begins and sees nothing", async () => {
    const said = [await ask(["begin", "-q", "--", "touch", "ran"], STRANGER), await ask(["ls"], STRANGER)];
    expect(said.map(({ status }) => status)).toEqual([125, 1]);
    for (const { stderr } of said) expect(stderr).toContain(`got user ${STRANGER}`);
    expect(() => readFileSync(at("ran"))).toThrow("ENOENT");
  });

  it("where no agent lets users begin namespaces, it says where that is set", async () => {
    for (const words of [["begin", "--", "true"], ["ls"]]) {
      const [command = "", ...rest] = words;
      const { stderr } = await as(OWNER, ["namespace", command, "--agent-socket", at("none"), ...rest]);
      expect(stderr).toContain("name who may under `begin:` in /etc/isoline/agent.yaml, and start isoline agent anew");
    }
  });

  it.each([
    ["--policy", "an IMA policy of at most 65536 bytes"],
    ["--contour", "a contour of at most 1048576 bytes"],
  ])("a file of 100 MB as %s is refused, and nothing runs", async (option, says) => {
    writeFileSync(at("large"), "");
    truncateSync(at("large"), 100 * 1024 * 1024);
    const one = await begin([option, "large"], "touch ran");
    expect(one).toMatchObject({ status: 125, stderr: expect.stringContaining(says) });
    expect(() => readFileSync(at("ran"))).toThrow("ENOENT");
  });
});
