/** Pushes a verifier's metrics over OTLP, and tells the operator when a receiver does not take them. */
import { hostname } from "node:os";
import { OtlpPush, type PushOutcome } from "@isoline/attest/otlp";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { metricDataOf, type Reading } from "./metric-data.ts";

interface Target {
  readonly url: URL;
  readonly seconds: number;
  /** Certificates in PEM. */
  readonly ca: string | undefined;
}

/** What is pushed, and where it is counted what became of that. */
export interface Measured {
  readings(): Promise<readonly Reading[]>;
  pushed(outcome: PushOutcome): void;
}

/** Begins; the first push is after one interval. `port` tells verifiers of one machine apart. */
export function pushMetrics(
  { url, seconds, ca }: Target,
  { metrics, port, noted }: { metrics: Measured; port: string; noted: (line: string) => void },
): OtlpPush {
  const since = Date.now();
  const instance = `${hostname()}:${port}`;
  const readAnswer = (answer: Uint8Array) => ProtobufMetricsSerializer.deserializeResponse(answer).partialSuccess ?? {};
  return new OtlpPush(
    { url, ca, program: "isoline-verifier", readAnswer },
    {
      seconds,
      body: async () => {
        const data = metricDataOf(await metrics.readings(), { instance, since, now: Date.now() });
        return ProtobufMetricsSerializer.serializeRequest(data);
      },
      counted: (outcome) => metrics.pushed(outcome),
      failing: (why) =>
        noted(
          `metrics are not taken by ${url.host}: ${why}; the verifier goes on, and isoline_verifier_pushes_total counts; docs/verifier.md`,
        ),
      recovered: (failures) => noted(`metrics are taken by ${url.host} again, after ${failures} pushes that were not`),
    },
  );
}
