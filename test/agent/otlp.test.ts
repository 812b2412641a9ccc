/** The agent's metrics are pushed over OTLP, as Prometheus reads them; a receiver that is no good does it no harm. */
import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { isCI, isInstalled, isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { seriesIn, seriesOf } from "./otlp-points.ts";
import { VictoriaMetrics } from "./victoria-metrics.ts";

describe.skipIf(!isBuilt || !isRoot)("metrics over OTLP (needs a build and root)", () => {
  const agent = new TestAgent();
  const pushes: Buffer[] = [];
  let server: Server;
  let address = "";
  let status = 200;
  let holds = false;

  beforeAll(async () => {
    server = createServer((request, response) => {
      void buffer(request).then((body) => {
        if (holds) return;
        if (status === 200) pushes.push(body);
        response.writeHead(status).end(status === 200 ? "" : "<html>");
      });
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
  });
  afterEach(() => agent.end("SIGKILL"));
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await agent.clear();
  });

  const counted = async (outcome: string) =>
    Number(new RegExp(`pushes_total\\{outcome="${outcome}"\\} (\\d+)`).exec((await agent.fetch("/metrics")).text)?.[1]);
  const newest = () => pushes.at(-1) as Buffer;
  const webs = () => seriesOf(newest()).filter((series) => series.includes('namespace="web"'));

  it("has every series of /metrics, and none of a namespace that has ended", async () => {
    await agent.start(`otlp: { url: "${address}", seconds: 1 }\n`);
    await agent.isoline(["learn", "-q", "-o", "cat.contour", "--", "sh", "-c", "cat /etc/hostname; sleep 0.1"]);
    const script = "cat /etc/hostname; cat /etc/passwd; while [ ! -e end ]; do sleep 0.1; done";
    const running = agent.run(["-q", "cat.contour", "--enforce", "--name", "web"], script);
    await until(() => pushes.length > 1 && webs().length > 5);
    const scraped = (await agent.fetch("/metrics")).text;
    const before = pushes.length;
    await until(() => pushes.length > before);
    expect(seriesOf(newest())).toEqual(seriesIn(scraped));
    execFileSync("touch", [join(agent.directory, "end")]);
    await running;
    await until(() => webs().length === 0);
    expect(seriesOf(newest())).toContain('isoline_agent_ended_total{verdict="off-contour"}');
  });

  it("a receiver that fails is told once, and counted; so is one that takes them again", async () => {
    status = 500;
    await agent.start(`otlp: { url: "${address}", seconds: 1 }\n`);
    await until(async () => (await counted("failed")) > 1);
    const warnings = agent.log.filter(({ event }) => event === "warning");
    expect(warnings.map(({ why }) => why)).toEqual([expect.stringContaining("expected status 200, got 500: <html>")]);
    status = 200;
    await until(() => agent.log.some(({ event }) => event === "pushed"));
    expect(await counted("taken")).toBeGreaterThan(0);
  });

  it("one that never answers holds up nothing: no second push runs beside the first, and commands run", async () => {
    holds = true;
    await agent.start(`otlp: { url: "${address}", seconds: 1 }\n`);
    await until(async () => (await counted("left-out")) > 0);
    expect(await new Promise((resolve) => server.getConnections((_, number) => resolve(number)))).toBe(1);
    await agent.isoline(["learn", "-q", "-o", "true.contour", "--", "sh", "-c", "true"]);
    expect((await agent.run(["-q", "true.contour", "--enforce"], "true")).status).toBe(0);
    expect((await agent.fetch("/healthz")).status).toBe(200);
    holds = false;
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
