/**
 * An agent that ends over namespaces which the TPM records: their runs are closed in the ledger with the next evidence, which says of each
 * that its supervisor was lost. The node goes on without a boot, and so does what another supervisor has.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Accepted, Appraisal } from "../../packages/attest/src/appraise/index.ts";
import { replayLedger } from "../../packages/attest/src/register/index.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { until } from "../faults/bench.ts";
import { type Ended, isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { appraised, evidenceOfNode, failuresIn, type NodeEvidence } from "./node-evidence.ts";

const TURN = "cat /etc/hostname > /dev/null; sleep 0.05";
const UNTIL_IT_FAILS = "while cat /etc/hostname > /dev/null; do sleep 0.05; done";
const LOST =
  /^its run that was born in record \d+ of the ledger lost its supervisor between 2\S+Z \(its last record\) and 2\S+Z \(found gone\)/;

const needs = needsSwtpm || !isBuilt || !isRoot;
describe.skipIf(needs)("an agent that ends (needs swtpm, tpm2-tools, a build and root)", () => {
  const tpm = new SoftwareTpm();
  const agent = new TestAgent();
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const ledgers = join(agent.directory, "ledger");
  const rooted = ["--tpm", tpm.address, "--tpm-ledger", ledgers];
  const words = (name: string) => ["-q", "web.contour", "--enforce", "--name", name, ...rooted];
  const begun = (...names: readonly string[]) =>
    until(() => names.every((name) => agent.log.some((one) => one.event === "began" && one.namespace === name)));
  let own: ChildProcess | undefined;
  let accepted: Accepted | undefined;

  /** What is told by new evidence, and what a verifier makes of it that keeps what it accepted. */
  async function judged(): Promise<Appraisal & { readonly told: NodeEvidence }> {
    const told = await evidenceOfNode(agent, rooted);
    const appraisal = await appraised(told, readFileSync(join(agent.directory, "web.contour")), {}, accepted);
    accepted = appraisal.accepted ?? accepted;
    return { ...appraisal, told };
  }

  const states = ({ platform, canisters }: Appraisal) => [
    ["node", platform.status, failuresIn(platform)],
    ...canisters.map((one) => [one.label, one.status, failuresIn(one)]),
  ];
  const ofNames = (...names: readonly string[]) => names.map((name) => [name, "affirming", []]);
  const registers = () => tpm.tool("tpm2_getcap", "handles-nv-index").match(/0x1815[0-9a-f]{3}/gi) ?? [];

  async function running(...names: readonly string[]): Promise<readonly Promise<Ended>[]> {
    const runs = names.map((name) => agent.run(words(name), UNTIL_IT_FAILS));
    await begun(...names);
    return runs;
  }

  beforeAll(async () => {
    await tpm.start();
    await agent.start("", env);
    await agent.isoline(["learn", "-q", "-o", "web.contour", "--", "sh", "-c", `${TURN}; ${TURN}`]);
    const onStart = (child: ChildProcess) => {
      own = child;
    };
    void agent.isoline(["run", ...words("own"), "--", "sh", "-c", UNTIL_IT_FAILS], { env, onStart });
    while (!(await agent.isoline(["ps", "-q"], { env })).stdout.split("\n").includes("own"));
  });
  afterAll(async () => {
    await agent.end("SIGKILL");
    own?.kill("SIGKILL");
    await agent.clear();
    await tpm.close();
  });

  it.each(["SIGKILL", "SIGTERM"] as const)(
    "by %s leaves runs that the next evidence closes, each told of; the next run of a name is judged by itself",
    async (signal) => {
      await agent.start("", env);
      const runs = await running("web", "db");
      const twin = await agent.run(words("web"), "touch twin");
      expect(twin).toMatchObject({
        status: 125,
        stderr: expect.stringContaining("web.sock is there already") as string,
      });
      expect(existsSync(join(agent.directory, "twin"))).toBe(false);
      // What ran before has been told of once.
      await judged();
      expect(states(await judged())).toEqual(ofNames("node", "db", "own", "web"));

      await agent.end(signal);
      for (const run of runs)
        expect(await run).toMatchObject({
          status: 125,
          stderr: expect.stringContaining("the agent has ended") as string,
        });
      await agent.start("", env);
      const after = await judged();
      expect(after.told.said).toContain("runs that had lost their supervisor, and are closed in the ledger now: 2");
      expect(states(after)).toEqual(ofNames("node", "own"));
      expect(after.endings).toMatchObject([
        { label: "db", failure: "incomplete", why: expect.stringMatching(LOST) as string },
        { label: "web", failure: "incomplete", why: expect.stringMatching(LOST) as string },
      ]);
      // The shared register, and that of the run whose supervisor lives.
      expect([registers().length, readdirSync(join(ledgers, "lives")).length]).toEqual([2, 1]);
      const again = await judged();
      expect([states(again), again.endings]).toEqual([ofNames("node", "own"), []]);

      const [next] = await running("web");
      const first = await judged();
      expect(states(first).slice(0, 2)).toEqual(ofNames("node", "own"));
      expect(first.canisters.flatMap(failuresIn)).toEqual([
        expect.stringMatching(/^losses: incomplete: .* lost its supervisor between .* this run is judged by itself$/),
      ]);
      expect(states(await judged())).toEqual(ofNames("node", "own", "web"));
      await agent.end(signal);
      await next;
    },
  );

  it("leaves runs that are closed once, however often who closes them is killed", async () => {
    await agent.start("", env);
    const runs = await running("web", "db", "cache");
    await agent.end("SIGKILL");
    await Promise.all(runs);
    const ends: (Ended["signal"] | undefined)[] = [];
    for (let tries = 0; tries < 4; tries++) {
      const watcher = watch(ledgers);
      const onStart = (child: ChildProcess) => void watcher.once("change", () => child.kill("SIGKILL"));
      const asked = ["attest", "evidence", ...rooted, "--challenge", "ab".repeat(32), "-o", "killed.cbor"];
      ends.push((await agent.isoline(asked, { env, onStart })).signal);
      watcher.close();
    }
    expect(ends[0]).toBe("SIGKILL");
    const { told, ...after } = await judged();
    expect(states(after)).toEqual(ofNames("node", "own"));
    const { namespaces } = replayLedger(told.evidence.ledger ?? new Uint8Array());
    const open = [...namespaces.values()].filter(({ end }) => end === undefined);
    expect([open.length, registers().length]).toEqual([1, 2]);
    expect([...namespaces.values()].slice(-3).map(({ losses }) => losses.length)).toEqual([1, 1, 1]);
  });

  it("leaves runs that cannot be closed in a ledger which does not fit the TPM: evidence is made, and says so", async () => {
    await agent.start("", env);
    const runs = await running("web", "db");
    await agent.end("SIGKILL");
    await Promise.all(runs);
    tpm.tool("tpm2_pcrextend", `13:sha256=${"ab".repeat(32)}`);
    const { told, platform } = await judged();
    expect(told.node).toMatchObject({
      complete: false,
      losses: ["runs that lost their supervisor and have no end in the ledger yet: 2 (bad-ledger)"],
    });
    expect(told.said).toMatch(/and could not be closed: 2; .* does not fit the TPM: .* restart the machine/);
    expect(failuresIn(platform).map((line) => line.split(":")[0])).toEqual(["ledger", "node-losses"]);
  });
});
