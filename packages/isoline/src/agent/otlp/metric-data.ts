/**
 * The agent's metrics as OpenTelemetry has them, with the names and labels that Prometheus reads.
 *
 * They are not instruments of the SDK: it goes on to report an observed value whose labels are observed no more
 * (open-telemetry/opentelemetry-js#4096), so each namespace that ever was would stay. This is the SDK's other way in, which is meant
 * for metrics that are counted elsewhere: the data that a MetricProducer has.
 */
import { hostname } from "node:os";
import { type HrTime, ValueType } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { Reading } from "../metrics.ts";

const NAME = "isoline-agent";
/** UCUM's words for the units that end a name. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ["_bytes", "By"],
  ["_seconds", "s"],
];

/** One push. `since` is when the counters began, in milliseconds since 1970, as is `now`. */
export function metricDataOf(readings: readonly Reading[], since: number, now: number): ResourceMetrics {
  const times = { startTime: hrTime(since), endTime: hrTime(now) };
  return {
    resource: resourceFromAttributes({ "service.name": NAME, "service.instance.id": hostname() }),
    scopeMetrics: [{ scope: { name: NAME }, metrics: readings.map((reading) => metricOf(reading, times)) }],
  };
}

function metricOf(
  { name, help, isCounter, values }: Reading,
  times: { readonly startTime: HrTime; readonly endTime: HrTime },
): MetricData {
  const about = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: values.map(({ value, labels }) => ({ ...times, value, attributes: { ...labels } })),
  };
  return isCounter
    ? { ...about, dataPointType: DataPointType.SUM, isMonotonic: true }
    : { ...about, dataPointType: DataPointType.GAUGE };
}

function unitOf(name: string): string {
  return UNITS.find(([ending]) => name.endsWith(ending))?.[1] ?? "";
}

/** Seconds and nanoseconds. */
function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
