/** An agent that is killed over a namespace which the TPM records: evidence of the node says the gap until the machine boots anew. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replayLedger } from "../../packages/attest/src/register/index.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { until } from "../faults/bench.ts";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { appraised, evidenceOfNode, failuresIn } from "./node-evidence.ts";

const TURN = "cat /etc/hostname > /dev/null; sleep 0.05";
const UNTIL_IT_FAILS = "while cat /etc/hostname > /dev/null; do sleep 0.05; done";

const needs = needsSwtpm || !isBuilt || !isRoot;
describe.skipIf(needs)("an agent that is killed (needs swtpm, tpm2-tools, a build and root)", () => {
  const tpm = new SoftwareTpm();
  const agent = new TestAgent();
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const rooted = ["--tpm", tpm.address, "--tpm-ledger", join(agent.directory, "ledger")];
  const words = ["-q", "web.contour", "--enforce", "--name", "web", ...rooted];
  const evidence = () => evidenceOfNode(agent, rooted);
  const judged = async (told: Awaited<ReturnType<typeof evidence>>) =>
    appraised(told, readFileSync(join(agent.directory, "web.contour")), {});
  const unknown = expect.stringMatching(
    /^tree: incomplete: expected what became of .* born in record \d+ .*its supervisor was killed, or hides it/,
  ) as string;

  beforeAll(async () => {
    await tpm.start();
    await agent.start("", env);
    await agent.isoline(["learn", "-q", "-o", "web.contour", "--", "sh", "-c", `${TURN}; ${TURN}`]);
  });
  afterAll(async () => {
    await agent.clear();
    await tpm.close();
  });

  it("is affirmed before; afterwards its namespace has a birth and no end, and no evidence of the node is accepted", async () => {
    const running = agent.run(words, UNTIL_IT_FAILS);
    await until(() => agent.log.some(({ event }) => event === "began"));
    const before = await judged(await evidence());
    expect([before.status, failuresIn(before.platform)]).toEqual(["affirming", []]);
    expect(before.canisters).toMatchObject([{ label: "web", root: "tpm", status: "affirming" }]);
    const twin = await agent.run(words, "touch twin");
    expect(twin).toMatchObject({ status: 125, stderr: expect.stringContaining("web.sock is there already") as string });
    expect(existsSync(join(agent.directory, "twin"))).toBe(false);
    expect(replayLedger((await evidence()).evidence.ledger ?? new Uint8Array()).namespaces.size).toBe(1);

    await agent.end("SIGKILL");
    expect(await running).toMatchObject({ status: 125, stderr: expect.stringContaining("the agent has ended") });
    await agent.start("", env);
    const told = await evidence();
    // The node itself sees nothing that is missing: it is the ledger that tells.
    expect([told.bodies.size, told.node.complete]).toEqual([0, true]);
    const [facts] = replayLedger(told.evidence.ledger ?? new Uint8Array()).namespaces.values();
    expect(facts?.end).toBeUndefined();
    const after = await judged(told);
    expect([after.status, failuresIn(after.platform)]).toEqual(["unverifiable", [unknown]]);
  });

  it("is not made good by the next run of the same name at the next agent", async () => {
    const running = agent.run(words, UNTIL_IT_FAILS);
    await until(() => agent.log.some(({ event }) => event === "began"));
    const told = await evidence();
    expect([...told.bodies.keys()]).toEqual(["web"]);
    const now = await judged(told);
    expect([now.status, failuresIn(now.platform)]).toEqual(["unverifiable", [unknown]]);
    await agent.end("SIGKILL");
    await running;
  });

  it("is over when the machine boots anew: a ledger of that boot begins", async () => {
    await tpm.stop();
    await tpm.start();
    await agent.start("", env);
    const running = agent.run(words, UNTIL_IT_FAILS);
    await until(() => agent.log.some(({ event }) => event === "began"));
    const { status, platform, canisters } = await judged(await evidence());
    expect([status, failuresIn(platform)]).toEqual(["affirming", []]);
    expect(canisters).toMatchObject([{ label: "web", root: "tpm", status: "affirming" }]);
    await agent.end("SIGKILL");
    await running;
  });
});
