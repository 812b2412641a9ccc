/** What the agent tells of itself: metrics, health, its log. */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../faults/bench.ts";
import { ended, isBuilt } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { evidenceOfNode } from "./node-evidence.ts";

describe.skipIf(!isBuilt || !isRoot)("what an agent tells (needs a build and root)", () => {
  const agent = new TestAgent();
  beforeAll(() => agent.start("", { ISOLINE_HOST_DIRECTORY: agent.directory }));
  afterAll(() => agent.clear());

  it("metrics have the counters of every namespace by its name, and what has ended", async () => {
    await agent.isoline(["learn", "-q", "-o", "cat.contour", "--", "sh", "-c", "cat /etc/hostname; sleep 0.1"]);
    const script = "cat /etc/hostname; cat /etc/passwd; sleep 0.1; while [ ! -e end ]; do sleep 0.1; done";
    const running = agent.run(["-q", "cat.contour", "--enforce", "--name", "web"], script);
    let text = "";
    await until(() => agent.log.some(({ event }) => event === "began"));
    while (!/isoline_namespace_refused\{namespace="web".*\} [1-9]/.test(text))
      text = (await agent.fetch("/metrics")).text;
    expect(text).toMatch(
      /isoline_namespace_answers\{namespace="web",contour="cat.contour",mode="enforce",sensor="seccomp"\} 1/,
    );
    expect(text).toMatch(/isoline_namespace_off\{namespace="web".*\} [1-9]/);
    expect(text).toMatch(/isoline_namespace_points\{namespace="web".*\} [1-9]/);
    expect(text).toContain("isoline_agent_namespaces 1");
    execFileSync("touch", [join(agent.directory, "end")]);
    await running;
    const after = await agent.fetch("/metrics");
    expect(after.text).toContain('isoline_agent_ended_total{verdict="off-contour"} 1');
    expect(after.text).not.toContain('namespace="web"');
  });

  it("metrics have each counter of evidence with its meaning, also of what departed and has ended", async () => {
    execFileSync("rm", ["-f", join(agent.directory, "end")]);
    const script = "cat /etc/passwd; cat /etc/hostname; sleep 0.1; while [ ! -e end ]; do sleep 0.1; done";
    const running = agent.run(["-q", "cat.contour", "--enforce", "--name", "web"], script);
    const countersOf = async () => (await evidenceOfNode(agent, ["--no-tpm"])).bodies.get("web")?.counters;
    let before = await countersOf();
    while ((before?.events ?? 0) < 5 || (before?.refused ?? 0) === 0) before = await countersOf();
    const { text } = await agent.fetch("/metrics");
    const after = await countersOf();
    const metric = (name: string) =>
      Number(new RegExp(`^isoline_namespace_${name}\\{namespace="web".*\\} (\\d+)$`, "m").exec(text)?.[1]);
    const [refused, lost, untrusted] = [metric("refused"), metric("lost"), metric("untrusted")];
    expect({ departures: metric("off"), refused, lost, untrusted }).toEqual({
      ...{ departures: after?.departures, refused: after?.refused, lost: after?.lost, untrusted: after?.untrusted },
    });
    expect(metric("events")).toBeGreaterThanOrEqual(before?.events ?? Number.NaN);
    expect(metric("events")).toBeLessThanOrEqual(after?.events ?? Number.NaN);
    // The one that departed has ended.
    expect([untrusted, metric("untrusted_processes")]).toEqual([1, 0]);
    execFileSync("touch", [join(agent.directory, "end")]);
    await running;
  });

  it("its health is told, and nothing else answers", async () => {
    expect(await agent.fetch("/healthz")).toEqual({ status: 200, text: '{"status":"ok","namespaces":0}\n' });
    expect((await agent.fetch("/")).status).toBe(404);
    expect(statSync(agent.metrics).mode & 0o777).toBe(0o600);
  });

  it("its log has one JSON object a line, whatever a contour is called", async () => {
    await agent.run(["-q", "no\nsuch.contour"], "true");
    const lines = agent.said.trim().split("\n");
    expect(lines.map((line) => typeof (JSON.parse(line) as { event: unknown }).event)).toEqual(
      lines.map(() => "string"),
    );
  });

  it.each([
    ["socket: relative", "socket: expected an absolute path"],
    ["namespaces: 0", "a number from 1 to 4096"],
    ["metrics: tcp:0.0.0.0:80", "of this machine"],
    ["nonsense: 1", "only the keys"],
  ])("refuses the configuration `%s`", async (line, why) => {
    const file = join(agent.directory, "bad.yaml");
    execFileSync("sh", ["-c", `umask 077; echo '${line}' > ${file}`]);
    const { status, stderr } = await agent.isoline(["agent", "--config", file]);
    expect(status).not.toBe(0);
    expect(stderr).toContain(why);
  });

  it.skipIf(!isInstalled("systemd-analyze"))("its unit is one that systemd takes", async () => {
    const unit = fileURLToPath(new URL("../../packaging/debian/isoline-agent.service", import.meta.url));
    const placed = join(agent.directory, "isoline-agent.service");
    execFileSync("sh", ["-c", `sed 's|/usr/bin/isoline|/bin/true|; /Documentation/d' ${unit} > ${placed}`]);
    const verify = () => ended("systemd-analyze", ["verify", "--man=no", placed], { cwd: agent.directory });
    const { status, stdout, stderr } = await verify();
    // The units that this one is ordered against are looked at as well.
    const ofThis = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("isoline-agent.service"));
    expect({ status, ofThis }).toEqual({ status: 0, ofThis: [] });
    execFileSync("sed", ["-i", "s/^Type=/Nothing=known\\n&/", placed]);
    expect((await verify()).stderr).toMatch(/isoline-agent\.service:\d+: Unknown key/);
  });
});
