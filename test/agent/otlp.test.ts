/** The agent's metrics are pushed over OTLP, as Prometheus reads them; a receiver that is no good does it no harm. */
import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { isCI, isInstalled, isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { seriesIn, seriesOf } from "./otlp-points.ts";
import { OtlpReceiver } from "./otlp-receiver.ts";
import { VictoriaMetrics } from "./victoria-metrics.ts";

describe.skipIf(!isBuilt || !isRoot)("metrics over OTLP (needs a build and root)", () => {
  const agent = new TestAgent();
  const receiver = new OtlpReceiver();
  let address = "";

  beforeAll(async () => {
    address = await receiver.start();
  });
  afterEach(() => agent.end("SIGKILL"));
  afterAll(async () => {
    receiver.close();
    await agent.clear();
  });

  const counted = async (outcome: string) =>
    Number(new RegExp(`pushes_total\\{outcome="${outcome}"\\} (\\d+)`).exec((await agent.fetch("/metrics")).text)?.[1]);
  const webs = () => seriesOf(receiver.newest).filter((series) => series.includes('namespace="web"'));

  it("has every series of /metrics, and none of a namespace that has ended", async () => {
    await agent.start(`otlp: { url: "${address}", seconds: 1 }\n`);
    await agent.isoline(["learn", "-q", "-o", "cat.contour", "--", "sh", "-c", "cat /etc/hostname; sleep 0.1"]);
    const script = "cat /etc/hostname; cat /etc/passwd; while [ ! -e end ]; do sleep 0.1; done";
    const running = agent.run(["-q", "cat.contour", "--enforce", "--name", "web"], script);
    await until(() => receiver.pushes.length > 1 && webs().length > 5);
    const scraped = (await agent.fetch("/metrics")).text;
    const before = receiver.pushes.length;
    await until(() => receiver.pushes.length > before);
    expect(seriesOf(receiver.newest)).toEqual(seriesIn(scraped));
    execFileSync("touch", [join(agent.directory, "end")]);
    await running;
    await until(() => webs().length === 0);
    expect(seriesOf(receiver.newest)).toContain('isoline_agent_ended_total{verdict="off-contour"}');
  });

  it("a receiver that fails is told once, and counted; so is one that takes them again", async () => {
    receiver.status = 500;
    await agent.start(`otlp: { url: "${address}", seconds: 1 }\n`);
    await until(async () => (await counted("failed")) > 1);
    const warnings = agent.log.filter(({ event }) => event === "warning");
    expect(warnings.map(({ why }) => why)).toEqual([expect.stringContaining("expected status 200, got 500: <html>")]);
    receiver.status = 200;
    await until(() => agent.log.some(({ event }) => event === "pushed"));
    expect(await counted("taken")).toBeGreaterThan(0);
  });

  it("one that never answers holds up nothing: no second push runs beside the first, and commands run", async () => {
    receiver.holds = true;
    await agent.start(`otlp: { url: "${address}", seconds: 1 }\n`);
    await until(async () => (await counted("left-out")) > 0);
    expect(await receiver.connections()).toBe(1);
    await agent.isoline(["learn", "-q", "-o", "true.contour", "--", "sh", "-c", "true"]);
    expect((await agent.run(["-q", "true.contour", "--enforce"], "true")).status).toBe(0);
    expect((await agent.fetch("/healthz")).status).toBe(200);
    receiver.holds = false;
  });
});

describe.skipIf(!isCI || !isBuilt || !isRoot || !isInstalled("victoria-metrics"))(
  "VictoriaMetrics as the receiver (only in CI; needs a build, root and victoria-metrics)",
  () => {
    const agent = new TestAgent();
    const database = new VictoriaMetrics();
    afterAll(async () => {
      database.end();
      await agent.clear();
    });

    it("has the names and labels that Prometheus reads at /metrics", async () => {
      await agent.start(`otlp: { url: "${await database.start(agent.directory)}", seconds: 1 }\n`);
      await agent.isoline(["learn", "-q", "-o", "sh.contour", "--", "sh", "-c", "sleep 0.1"]);
      const running = agent.run(
        ["-q", "sh.contour", "--enforce", "--name", "web"],
        "while [ ! -e end ]; do sleep 0.1; done",
      );
      const held = () => database.series("isoline-agent", hostname());
      await until(async () => (await held()).some((series) => series.includes('namespace="web"')));
      const scraped = seriesIn((await agent.fetch("/metrics")).text);
      await until(async () => (await held()).length >= scraped.length);
      expect((await held()).sort()).toEqual(scraped);
      execFileSync("touch", [join(agent.directory, "end")]);
      await running;
    });
  },
);

/** A test that waits in vain ends by its own time limit. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(20);
}
