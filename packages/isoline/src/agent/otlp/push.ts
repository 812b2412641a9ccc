/** Pushes the agent's metrics over OTLP, and tells of it in the agent's log. */
import { OtlpPush, type ReadAnswer } from "@isoline/attest/otlp";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { OtlpConfiguration } from "./configuration.ts";
import { metricDataOf } from "./metric-data.ts";

export const readAnswer: ReadAnswer = (answer) =>
  ProtobufMetricsSerializer.deserializeResponse(answer).partialSuccess ?? {};

/** Begins; the first push is after one interval. */
export function pushMetrics({ url, ca, seconds }: OtlpConfiguration, metrics: Metrics, log: Log): OtlpPush {
  const since = Date.now();
  const { host } = url;
  return new OtlpPush(
    { url, ca, program: "isoline-agent", readAnswer },
    {
      seconds,
      body: async () =>
        ProtobufMetricsSerializer.serializeRequest(metricDataOf(await metrics.readings(), since, Date.now())),
      counted: (outcome) => metrics.pushed(outcome),
      failing: (why) =>
        log.say("warning", {
          why: `metrics are not taken by ${host}: ${why}; the agent goes on, and isoline_agent_pushes_total counts; docs/agent.md`,
        }),
      recovered: (failed) => log.say("pushed", { receiver: host, failed }),
    },
  );
}
