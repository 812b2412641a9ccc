import { JsonMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { expect, it } from "vitest";
import { metricDataOf } from "./metric-data.ts";

const about = { instance: "host:8443", since: 1_700_000_000_000, now: 1_700_000_001_500 };
const pushed = (...readings: Parameters<typeof metricDataOf>[0]) => {
  const text = Buffer.from(JsonMetricsSerializer.serializeRequest(metricDataOf(readings, about)) ?? []).toString();
  return JSON.parse(text).resourceMetrics[0];
};

it("a histogram has for each status the counts of its buckets alone, its sum and its count", () => {
  const bucket = (le: number | string, status: string, value: number) => ({
    value,
    labels: { le, status },
    metricName: "x_seconds_bucket",
  });
  const rest = (status: string, sum: number, count: number) => [
    { value: sum, labels: { status }, metricName: "x_seconds_sum" },
    { value: count, labels: { status }, metricName: "x_seconds_count" },
  ];
  const { scopeMetrics } = pushed({
    name: "x_seconds",
    help: "time",
    kind: "histogram",
    values: [
      ...[bucket(0.1, "200", 3), bucket(1, "200", 5), bucket("+Inf", "200", 6), ...rest("200", 9.5, 6)],
      ...[bucket(0.1, "404", 0), bucket(1, "404", 1), bucket("+Inf", "404", 1), ...rest("404", 0.5, 1)],
    ],
  });
  expect(scopeMetrics[0].metrics).toMatchObject([
    {
      name: "x_seconds",
      unit: "s",
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            attributes: [{ key: "status", value: { stringValue: "200" } }],
            ...{ count: 6, sum: 9.5, explicitBounds: [0.1, 1], bucketCounts: [3, 2, 1] },
            ...{ startTimeUnixNano: "1700000000000000000", timeUnixNano: "1700000001500000000" },
          },
          {
            attributes: [{ key: "status", value: { stringValue: "404" } }],
            ...{ count: 1, sum: 0.5, explicitBounds: [0.1, 1], bucketCounts: [0, 1, 0] },
          },
        ],
      },
    },
  ]);
});

it("a counter is a sum that only rises, all else is a gauge, and the resource says which verifier it is", () => {
  const value = (number: number) => [{ value: number, labels: {} }];
  const { resource, scopeMetrics } = pushed(
    { name: "a_total", help: "", kind: "counter", values: value(3) },
    { name: "a_bytes", help: "", kind: "gauge", values: value(4) },
  );
  expect(scopeMetrics[0].metrics).toMatchObject([
    { name: "a_total", unit: "", sum: { isMonotonic: true, dataPoints: [{ asDouble: 3 }] } },
    { name: "a_bytes", unit: "By", gauge: { dataPoints: [{ asDouble: 4 }] } },
  ]);
  expect(resource.attributes).toEqual([
    { key: "service.name", value: { stringValue: "isoline-verifier" } },
    { key: "service.instance.id", value: { stringValue: "host:8443" } },
  ]);
});
