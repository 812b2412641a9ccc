import { JsonMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { expect, it } from "vitest";
import { metricDataOf } from "./metric-data.ts";

const NOW = 1_700_000_000_250;

function pushed(): unknown {
  const data = metricDataOf(
    [
      {
        name: "isoline_agent_ended_total",
        help: "namespaces that have ended",
        isCounter: true,
        values: [{ value: 3, labels: { verdict: "on-contour" } }],
      },
      {
        name: "isoline_agent_resident_bytes",
        help: "resident memory",
        isCounter: false,
        values: [{ value: 1.5e9, labels: {} }],
      },
    ],
    NOW - 1000,
    NOW,
  );
  return JSON.parse(Buffer.from(JsonMetricsSerializer.serializeRequest(data) ?? []).toString("utf8"));
}

it("a counter is a sum that only rises, since the agent began, with its labels", () => {
  expect(pushed()).toMatchObject({
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              {
                name: "isoline_agent_ended_total",
                unit: "",
                sum: {
                  isMonotonic: true,
                  dataPoints: [
                    {
                      asDouble: 3,
                      attributes: [{ key: "verdict", value: { stringValue: "on-contour" } }],
                      startTimeUnixNano: "1699999999250000000",
                      timeUnixNano: "1700000000250000000",
                    },
                  ],
                },
              },
              { name: "isoline_agent_resident_bytes", unit: "By", gauge: { dataPoints: [{ asDouble: 1.5e9 }] } },
            ],
          },
        ],
      },
    ],
  });
});

it("the resource says which program and which machine it is", () => {
  expect(JSON.stringify(pushed())).toMatch(/"service\.name","value":\{"stringValue":"isoline-agent"/);
  expect(JSON.stringify(pushed())).toMatch(/"service\.instance\.id","value":\{"stringValue":"[^"]+"/);
});
