/** A process that is inside itself, where the bpf sensor only gets reports: it learns. The virtual machines test what is refused. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { attachesByTracepoints } from "../bpf/attachment.ts";
import { until } from "../faults/bench.ts";
import { ended, isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { evidenceOfNode } from "./node-evidence.ts";

const OWNER = 65_528;
const asks = fileURLToPath(new URL("../vm/guest/begins.pl", import.meta.url));
const PLACES = { cwd: "/", home: "/", temp: [], uid: OWNER, gid: OWNER, ephemeralPorts: [32768, 60999] };
const order = (name: string) =>
  JSON.stringify({
    ...{ isoline: 1, ask: "begin", itself: true, enforces: false, name, command: "x", words: [], places: PLACES },
  });

const needs = !isBuilt || !isRoot || !attachesByTracepoints;
describe.skipIf(needs)("a process that begins for itself (needs a build, root and tracepoints for BPF)", () => {
  const agent = new TestAgent();
  const socket = join(agent.directory, "begin", "socket");
  const does = async (...steps: readonly string[]) =>
    (await ended("perl", [asks, socket, ...steps], { uid: OWNER, cwd: "/" })).stdout.trimEnd().split("\n");
  const begin = (itself: boolean) =>
    `begin: { socket: ${socket}, itself: ${itself}, allow: [{ users: [${OWNER}] }] }\n`;

  beforeAll(async () => {
    await agent.start(begin(true), { ISOLINE_HOST_DIRECTORY: agent.directory });
    chmodSync(agent.directory, 0o711);
  });
  afterAll(() => agent.clear());

  it("is inside with its child and its next program, as what comes before the first program", async () => {
    const show = '{"isoline":1,"ask":"contour"}';
    const [own, other] = [order("own"), order("other")];
    const files = ["read", "/etc/hostname", "child", "/etc/passwd"];
    const said = await does("privileges", "", "ask", own, ...files, "ask", show, "ask", other, "exec", "/etc/hostname");
    expect(said[0]).toBe('{"say":"begun","name":"own"}');
    expect(said.slice(1, 3)).toEqual(["read 0", "child 0"]);
    const { answer } = JSON.parse(said[3] ?? "") as { readonly answer: { readonly contour: string } };
    expect(answer.contour).toMatch(/^by - as [^]*path=\/etc\/hostname [^]*path=\/etc\/passwd /m);
    expect(said[4]).toContain("outside of all behaviour namespaces");
    await until(() => agent.log.some(({ event }) => event === "ended"));
    expect(agent.log.at(-1)).toMatchObject({ namespace: `${OWNER}/own`, verdict: "learnt", incomplete: [] });
  });

  it.each([
    ["that may gain privileges", ["ask"], "gains no privileges"],
    ["with two threads", ["thread", "", "privileges", "", "ask"], "one thread, got 2"],
    ["with a child", ["idle", "", "privileges", "", "ask"], "would stay outside"],
    ["that is traced", ["traced", "", "privileges", "", "ask"], "no other one traces"],
  ])("one %s is refused, and goes on outside", async (_, steps, why) => {
    const said = await does(...steps, order("refused"), "read", "/etc/passwd");
    expect(said.at(-2)).toContain(why);
    expect(said.at(-1)).toBe("read 0");
  });

  it("goes on unrecorded when its agent ends; the next agent says that it is lost, and it is in no evidence", async () => {
    const gate = join(agent.directory, "gate");
    onTestFinished(() => writeFileSync(gate, ""));
    const said = does("privileges", "", "ask", order("left"), "wait", gate, "read", "/etc/passwd");
    const label = `begun:${OWNER}:left`;
    await until(() => agent.log.some(({ event, namespace }) => event === "began" && namespace === `${OWNER}/left`));
    expect([...(await evidenceOfNode(agent, ["--no-tpm"])).bodies.keys()]).toContain(label);
    await agent.end();
    await agent.start(`${begin(true)}adopt: true\n`, { ISOLINE_HOST_DIRECTORY: agent.directory });
    await expect
      .poll(() => agent.log.filter(({ event }) => event === "lost").map(({ why }) => why))
      .toContainEqual(expect.stringContaining("a process began it for itself at an agent that has ended"));
    expect([...(await evidenceOfNode(agent, ["--no-tpm"])).bodies.keys()]).not.toContain(label);
    writeFileSync(gate, "");
    expect(await said).toEqual(['{"say":"begun","name":"left"}', "read 0"]);
  });

  it("only where the configuration says so", async () => {
    await agent.end();
    await agent.start(begin(false), { ISOLINE_HOST_DIRECTORY: agent.directory });
    const [said] = await does("privileges", "", "ask", order("unset"));
    expect(said).toContain("`itself` of `begin` is not set");
  });
});
