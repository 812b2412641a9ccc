/** What a reading of the metrics asks of each namespace: numbers, and nothing that grows with its processes. */
import { expect, it } from "vitest";
import type { Hosting } from "../../packages/isoline/src/agent/hosted.ts";
import { Metrics } from "../../packages/isoline/src/agent/metrics.ts";
import { FakeNamespace } from "../control/namespace.ts";

it("a reading counts the processes of a namespace without having them listed", async () => {
  const namespace = new FakeNamespace("web");
  const hosted = { name: "web", contour: "web.contour", mode: "enforce", sensor: "seccomp", namespace };
  const text = await new Metrics({ live: new Set([hosted]) } as unknown as Hosting, undefined).text();
  expect(text).toMatch(/^isoline_namespace_processes\{namespace="web".*\} 2$/m);
  expect(text).toMatch(/^isoline_namespace_untrusted_processes\{namespace="web".*\} 1$/m);
  expect(namespace.asked).toEqual([{ ask: "snapshot" }]);
});
