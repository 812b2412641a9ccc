/** Reads a push of metrics from its bytes, by the numbers of the fields in opentelemetry-proto (metrics/v1/metrics.proto). */

interface Point {
  readonly name: string;
  /** Each as `label="value"`. */
  readonly labels: readonly string[];
}

/** Each series of a push as `name{label="value",…}`, its labels in order. Histograms are left out. */
export const seriesOf = (push: Buffer): string[] =>
  pointsIn(push)
    .map(({ name, labels }) => named(name, labels))
    .sort();

/** The same, of Prometheus' text form, with the series of histograms. */
export function seriesIn(scraped: string): string[] {
  return scraped
    .split("\n")
    .flatMap((line) => /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [])
    .flatMap((_, index, found) =>
      index % 3 === 0 ? [named(found[index + 1] ?? "", found[index + 2]?.match(/\w+="[^"]*"/g) ?? [])] : [],
    )
    .sort();
}

export const named = (name: string, labels: readonly string[]) => `${name}{${[...labels].sort().join(",")}}`;

function pointsIn(push: Buffer): Point[] {
  return within(within([push], 1), 2)
    .flatMap((scope) => within([scope], 2))
    .flatMap((metric) => {
      const name = textOf(metric, 1);
      const [gauge, sum] = [5, 7];
      return within([...within([metric], gauge), ...within([metric], sum)], 1).map((point) => ({
        name,
        labels: within([point], 7).map((label) => `${textOf(label, 1)}="${textOf(within([label], 2)[0], 1)}"`),
      }));
    });
}

const textOf = (message: Buffer | undefined, field: number): string =>
  within(message === undefined ? [] : [message], field)[0]?.toString("utf8") ?? "";

/** The messages and texts of a field. */
function within(messages: readonly Buffer[], field: number): Buffer[] {
  return messages.flatMap((message) => {
    const found: Buffer[] = [];
    for (let at = 0; at < message.length; ) {
      const [tag, after] = number(message, at);
      const [kind, value] = [tag & 7, number(message, after)];
      // Kinds of the wire: 0 a number, 1 eight bytes, 2 a length and as many bytes, 5 four bytes.
      const ends = { 0: value[1], 1: after + 8, 2: value[1] + value[0], 5: after + 4 }[kind];
      if (ends === undefined) throw new Error(`expected a kind of 0, 1, 2 or 5, got ${kind}`);
      if (kind === 2 && tag >> 3 === field) found.push(message.subarray(value[1], ends));
      at = ends;
    }
    return found;
  });
}

function number(bytes: Buffer, from: number): readonly [value: number, after: number] {
  let value = 0;
  for (let at = from, factor = 1; ; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at + 1];
  }
}
