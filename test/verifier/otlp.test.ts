/** A verifier's metrics are pushed over OTLP, as Prometheus reads them; a receiver that is no good does the verifier no harm. */
import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { seriesIn, seriesOf } from "../agent/otlp-points.ts";
import { OtlpReceiver } from "../agent/otlp-receiver.ts";
import { VictoriaMetrics } from "../agent/victoria-metrics.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { Rig } from "./rig.ts";

const scraped = async (rig: Rig) => (await rig.call<string>("GET", "/metrics")).body;
/** Which resources of Node are active changes from one reading to the next. */
const isSteady = (series: string) => /^(?:isoline|nodejs_version|process)_/.test(series);
const isGauge = (series: string) => !/_(?:bucket|sum|count)\{/.test(series);

describe("metrics of a verifier over OTLP", () => {
  const rig = new Rig();
  const receiver = new OtlpReceiver();

  beforeAll(async () => {
    await rig.start({ otlp: { url: await receiver.start(), seconds: 1 } });
  });
  afterAll(async () => {
    receiver.close();
    await rig.close();
  });

  const counted = async (outcome: string) =>
    Number(new RegExp(`pushes_total\\{outcome="${outcome}"\\} (\\d+)`).exec(await scraped(rig))?.[1] ?? 0);

  it("have every counter and gauge of /metrics", async () => {
    await rig.call("GET", "/v1/nodes", { token: "unknown" });
    await until(() => receiver.pushes.length > 1);
    const before = receiver.pushes.length;
    const text = await scraped(rig);
    await until(() => receiver.pushes.length > before);
    const series = seriesOf(receiver.newest);
    expect(series).toEqual(expect.arrayContaining(seriesIn(text).filter(isSteady).filter(isGauge)));
    expect(series).toContain('isoline_verifier_refusals_total{code="unknown-caller"}');
  });

  it("are told of once where a receiver fails, counted, and told of when it takes them again", async () => {
    receiver.status = 500;
    const before = await counted("failed");
    await until(async () => (await counted("failed")) > before + 1);
    const told = () => rig.noted.filter((line) => line.startsWith("metrics"));
    expect(told()).toEqual([
      expect.stringMatching(/^metrics are not taken by .*: expected status 200, got 500: <html>/),
    ]);
    receiver.status = 200;
    await until(() => told().length > 1);
    expect(told()[1]).toMatch(/^metrics are taken by .* again, after \d+ pushes that were not$/);
  });

  it("hold nothing up where a receiver never answers: no second push runs beside the first, and the verifier ends", async () => {
    receiver.holds = true;
    await until(async () => (await counted("left-out")) > 0);
    expect(await receiver.connections()).toBe(1);
    expect((await rig.call("GET", "/healthz")).status).toBe(200);
    await rig.stop();
    expect(rig.failures).toEqual([]);
  });
});

describe.skipIf(!isCI || !isInstalled("victoria-metrics"))(
  "VictoriaMetrics as the receiver of a verifier (only in CI; needs victoria-metrics)",
  () => {
    const rig = new Rig();
    const database = new VictoriaMetrics();
    afterEach(async () => {
      database.end();
      await rig.close();
    });

    it("has the names and labels that Prometheus reads at /metrics, with every bucket", {
      timeout: 60_000,
    }, async () => {
      await rig.start({ otlp: { url: await database.start(rig.place), seconds: 1 } });
      await rig.call("GET", "/v1/nodes", { token: "unknown" });
      await rig.call("GET", "/v1/nodes");
      const held = () => database.series("isoline-verifier", `${hostname()}:${new URL(rig.address).port}`);
      await until(async () => (await held()).some((series) => series.includes("pushes_total")));
      const expected = seriesIn(await scraped(rig)).filter((series) => series.startsWith("isoline_"));
      await until(async () => (await held()).length >= expected.length);
      expect(await held()).toEqual(expected);
    });
  },
);

/** A test that waits in vain ends by its own time limit. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(20);
}
