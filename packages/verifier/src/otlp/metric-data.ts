/**
 * The verifier's metrics as OpenTelemetry has them, with the names and labels that Prometheus reads: the data that a MetricProducer of its
 * SDK has, which is meant for metrics that are counted elsewhere.
 */
import { type HrTime, ValueType } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";

type Labels = Readonly<Record<string, string | number | undefined>>;

/** A metric with its values by label. */
export interface Reading {
  readonly name: string;
  readonly help: string;
  /** `counter`, `histogram`; what is another is a gauge. */
  readonly kind: string;
  /** Of a histogram, Prometheus' series: the numbers up to `le` are `NAME_bucket`, with `NAME_sum` and `NAME_count`. */
  readonly values: readonly { readonly value: number; readonly labels: Labels; readonly metricName?: string }[];
}

interface Times {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

const NAME = "isoline-verifier";
/** UCUM's words for the units that end a name. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ["_bytes", "By"],
  ["_seconds", "s"],
];

/** One push of the verifier `instance`. `since` is when the counters began, in milliseconds since 1970, as is `now`. */
export function metricDataOf(
  readings: readonly Reading[],
  { instance, since, now }: { readonly instance: string; readonly since: number; readonly now: number },
): ResourceMetrics {
  const times = { startTime: hrTime(since), endTime: hrTime(now) };
  return {
    resource: resourceFromAttributes({ "service.name": NAME, "service.instance.id": instance }),
    scopeMetrics: [{ scope: { name: NAME }, metrics: readings.map((reading) => metricOf(reading, times)) }],
  };
}

function metricOf(reading: Reading, times: Times): MetricData {
  const { name, help, kind, values } = reading;
  const about = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (kind === "histogram")
    return { ...about, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramsOf(reading, times) };
  const dataPoints = values.map(({ value, labels }) => ({ ...times, value, attributes: texts(labels) }));
  return kind === "counter"
    ? { ...about, dataPoints, dataPointType: DataPointType.SUM, isMonotonic: true }
    : { ...about, dataPoints, dataPointType: DataPointType.GAUGE };
}

/** One for each set of labels but `le`. */
function histogramsOf({ name, values }: Reading, times: Times) {
  const series = new Map<
    string,
    { attributes: Labels; upTo: [le: number, count: number][]; sum: number; count: number }
  >();
  for (const { value, labels, metricName } of values) {
    const { le, ...attributes } = labels;
    const key = JSON.stringify(Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)));
    const one = series.get(key) ?? { attributes, upTo: [], sum: 0, count: 0 };
    series.set(key, one);
    if (metricName === `${name}_sum`) one.sum = value;
    else if (metricName === `${name}_count`) one.count = value;
    else if (le !== "+Inf") one.upTo.push([Number(le), value]);
  }
  return Array.from(series.values(), ({ attributes, upTo, sum, count }) => ({
    ...times,
    attributes: texts(attributes),
    value: { sum, count, buckets: bucketsOf(upTo, count) },
  }));
}

/** OpenTelemetry's counts are those of one bucket alone; Prometheus' have those below in them. */
function bucketsOf(upTo: readonly [le: number, count: number][], count: number): Histogram["buckets"] {
  const rising = [...upTo].sort(([one], [other]) => one - other);
  const cumulative = [...rising.map(([, below]) => below), count];
  return {
    boundaries: rising.map(([le]) => le),
    counts: cumulative.map((each, index) => each - (cumulative[index - 1] ?? 0)),
  };
}

/** In Prometheus every label is text. */
const texts = (labels: Labels) =>
  Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])),
  );

function unitOf(name: string): string {
  return UNITS.find(([ending]) => name.endsWith(ending))?.[1] ?? "";
}

/** Seconds and nanoseconds. */
function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
