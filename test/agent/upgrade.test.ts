/**
 * An agent that is told to end as for an upgrade, and the next one: what ran under seccomp fails closed, and it is said everywhere that it
 * was not observed to its end.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../faults/bench.ts";
import { type Ended, isBuilt, type Report } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { evidenceOfNode } from "./node-evidence.ts";

const TURN = "cat /etc/hostname >> turns; sleep 0.05";
const DEPARTS = `cat /etc/passwd > /dev/null; while ${TURN}; do :; done; cat /etc/hostname > afterwards`;
const words = ["web.contour", "--enforce", "--name", "web", "--report", "web.json"];

describe.skipIf(!isBuilt || !isRoot)("an agent that makes way for the next one (needs a build and root)", () => {
  const agent = new TestAgent();
  const at = (...names: readonly string[]) => join(agent.directory, ...names);
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const journal = at("run", "isoline-kept", "web.journal");
  const turns = () => readFileSync(at("turns"), "utf8").split("\n").length;
  const told = async () => [...(await evidenceOfNode(agent, ["--no-tpm"])).bodies.keys()];
  let [first, handed]: (Ended | undefined)[] = [];
  let before: readonly string[] = [];
  let atItsEnd: number;

  beforeAll(async () => {
    await agent.start("", env);
    const learnt = `cat /etc/hostname > /dev/null; ${TURN}; ${TURN}`;
    await agent.isoline(["learn", "-q", "-o", "web.contour", "--", "sh", "-c", learnt]);
    first = await agent.run(words, TURN);
    const done = turns();
    const running = agent.run(words, DEPARTS);
    await until(() => turns() > done + 2 && existsSync(journal));
    before = await told();
    await agent.end("SIGTERM");
    handed = await running;
    atItsEnd = turns();
    await agent.start("", env);
  });
  afterAll(() => agent.clear());

  it("says to the one who waits that it has ended, and what becomes of the command; nothing of it goes on", () => {
    expect([first?.status, before]).toEqual([0, ["web"]]);
    expect(handed).toMatchObject({ status: 125, stdout: "" });
    for (const said of ["the agent has ended", "fail with ENOSYS"]) expect(handed?.stderr).toContain(said);
    // The loop is left where a call fails, and the shell then writes the file, if it can.
    expect(existsSync(at("afterwards"))).toBe(false);
    expect(turns()).toBe(atItsEnd);
  });

  it("leaves no report, and that of an earlier run cannot pass for one", () => {
    expect(existsSync(at("web.json"))).toBe(false);
  });

  it("leaves what departed in the journal, which says that it has no end", async () => {
    const { stdout, stderr } = await agent.isoline(["departures", "web"], { env });
    expect(stdout).toContain("/etc/passwd");
    expect(stderr).toMatch(/incomplete: the journal has no end, because the supervisor was killed/);
  });

  it("has nothing of it told by the next one, as if it went on", async () => {
    expect(agent.log.map(({ event }) => event)).toEqual(["ready"]);
    expect(await told()).toEqual([]);
    expect((await agent.isoline(["ps", "-q"], { env })).stdout.split("\n")).not.toContain("web");
  });

  it("leaves its name to what the next one supervises", async () => {
    expect((await agent.run(words, TURN)).status).toBe(0);
    const report = JSON.parse(readFileSync(at("web.json"), "utf8")) as Report;
    expect(report).toMatchObject({ verdict: "on-contour", incomplete: [] });
    expect(agent.log.slice(1)).toMatchObject([
      { event: "began", namespace: "web" },
      { event: "ended", namespace: "web", verdict: "on-contour" },
    ]);
  });
});
