/** What a reading of the metrics asks of each namespace: numbers, and nothing that grows with its processes. */
import { expect, it } from "vitest";
import type { Hosting } from "../../packages/isoline/src/agent/hosted.ts";
import { Metrics } from "../../packages/isoline/src/agent/metrics.ts";
import { FakeNamespace } from "../control/namespace.ts";

const metricsOf = (namespace: FakeNamespace) => {
  const hosted = { name: "web", contour: "web.contour", mode: "enforce", sensor: "seccomp", namespace };
  return new Metrics({ live: new Set([hosted]) } as unknown as Hosting, undefined);
};

it("a reading counts the processes of a namespace without having them listed", async () => {
  const namespace = new FakeNamespace("web");
  const text = await metricsOf(namespace).text();
  expect(text).toMatch(/^isoline_namespace_processes\{namespace="web".*\} 2$/m);
  expect(text).toMatch(/^isoline_namespace_untrusted_processes\{namespace="web".*\} 1$/m);
  expect(text).toMatch(/^isoline_namespace_untrusted\{namespace="web".*\} 3$/m);
  expect(text).toMatch(/^isoline_namespace_lost\{namespace="web".*\} 0$/m);
  expect(namespace.asked).toEqual([{ ask: "snapshot" }]);
});

it("what was lost is told whole, however many reasons there are", async () => {
  const namespace = new FakeNamespace("web");
  namespace.incomplete = Array.from({ length: 30 }, (_, index) => ({ reason: `reason ${index}`, count: index + 1 }));
  const readings = await metricsOf(namespace).readings();
  const valuesOf = (name: string) =>
    readings.find((reading) => reading.name === `isoline_namespace_${name}`)?.values ?? [];
  const lost = (30 * 31) / 2;
  expect(valuesOf("lost").map(({ value }) => value)).toEqual([lost]);
  const reasons = valuesOf("incomplete");
  expect(reasons.reduce((sum, { value }) => sum + value, 0)).toBe(lost);
  expect(reasons).toHaveLength(21);
  expect(reasons.at(-1)?.labels["reason"]).toBe("for further reasons");
});
