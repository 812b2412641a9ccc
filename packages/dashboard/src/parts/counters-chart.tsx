/** Counters of a canister over time; the same is below as a table, with the changes of its verdict. */
import type { CanisterInFull } from "@isoline/verifier";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, colours } from "../place/theme.ts";
import { count, exact } from "../text/amounts.ts";
import { useWidth } from "./measured.ts";
import { History, type Known, Reports } from "./counters-tables.tsx";

type Counter = Exclude<keyof CanisterInFull["counters"], "events">;

const series = [
  { name: "departures", colour: "contraindicated", dash: [] },
  { name: "refused", colour: "write", dash: [8, 4] },
  { name: "lost", colour: "unverifiable", dash: [2, 4] },
  { name: "untrusted", colour: "system", dash: [12, 3, 3, 3] },
] as const satisfies readonly { name: Counter; colour: string; dash: readonly number[] }[];

export function OverTime({ canister }: { readonly canister: CanisterInFull }): JSX.Element {
  const known = knownOf(canister);
  return (
    <>
      <p class="faint">
        {sayReports(canister)} {known.length > 0 && sayEnd(canister)}
      </p>
      {known.length > 0 && (
        <div class="charts">
          <Plot canister={canister} />
        </div>
      )}
      <details>
        <summary>Reports and verdicts as tables</summary>
        <Reports known={known} />
        <History history={canister.history} />
      </details>
    </>
  );
}

/** The kept reports from the oldest on, and behind them what stands at the last evidence that counts, if that is later. */
function knownOf({ reports: { items, until }, counters }: CanisterInFull): readonly Known[] {
  const kept = items
    .filter(({ at }) => !Number.isNaN(Date.parse(at)))
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .map((report): Known => ({ ...report, isKept: true }));
  const last = kept.at(-1);
  // The number of events changes with each evidence, and is known as of a kept report alone.
  if (last === undefined || until === undefined || !(Date.parse(until) > Date.parse(last.at))) return kept;
  return [...kept, { at: until, counters: { ...counters, events: undefined }, isKept: false }];
}

function sayReports({ reports: { items } }: CanisterInFull): string {
  const [only, ...others] = items;
  if (only === undefined) return "The verifier keeps no report of what this canister counted yet.";
  return others.length === 0
    ? `No count changed since the first report that is kept, of ${exact(only.at) ?? "a time that cannot be read"}.`
    : "A report is kept when a count changes, of those within ten seconds the last; in between no change was accepted.";
}

function sayEnd({ reports: { until } }: CanisterInFull): string {
  return until === undefined
    ? "The lines end at the last report: evidence of the node was refused since, or did not come in time."
    : `The lines go on to the last evidence of the node, of ${exact(until) ?? "a time that cannot be read"}.`;
}

const TITLE = series.map(({ name }) => name).join(", ");
const steps = uPlot.paths.stepped?.({ align: 1 });

function Plot({ canister }: { readonly canister: CanisterInFull }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  useLayoutEffect(() => {
    if (box.current === null || width === 0) return undefined;
    const known = knownOf(canister);
    const kept = known.flatMap(({ isKept }, index) => (isKept ? [index] : []));
    const span = Date.parse(known.at(-1)?.at ?? "") - Date.parse(known[0]?.at ?? "");
    const axis = {
      stroke: colour("faint"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { stroke: colour("line"), width: 1 },
    };
    const plot = new uPlot(
      {
        width,
        height: 170,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_self, _least, most) => [0, Math.max(4, most * 1.1)] } },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        axes: [
          { ...axis, values: (_self, seconds) => seconds.map((at) => clock(at, span)) },
          { ...axis, size: 58, values: (_self, values) => values.map((value) => short(value)) },
        ],
        series: [
          {},
          ...series.map(({ name, colour: stroke, dash }) => ({
            label: name,
            stroke: colour(stroke),
            width: 2,
            dash: [...dash],
            // A count holds until the next report.
            ...(steps !== undefined && { paths: steps }),
            points: { show: kept.length < 30, size: 5, filter: () => kept },
          })),
        ],
      },
      [
        known.map(({ at }) => Date.parse(at) / 1000),
        ...series.map(({ name }) => known.map(({ counters }) => counters[name])),
      ] as uPlot.AlignedData,
      box.current,
    );
    return () => plot.destroy();
  }, [canister, width, colours.value]);
  return (
    <figure>
      <figcaption>
        {series.map(({ name, colour: of, dash }) => (
          <span class="series">
            <svg width="26" height="8" aria-hidden="true">
              <path class={`line ${of}`} d="M1 4h24" stroke-width="2.5" stroke-dasharray={dash.join(" ")} />
            </svg>
            {name} <b>{count(canister.counters[name])}</b>
          </span>
        ))}
        <span>times in UTC</span>
      </figcaption>
      <div ref={box} class="plot" role="img" aria-label={`${TITLE} over time; the table below has the same`} />
    </figure>
  );
}

const DAY = 86_400_000;

/** A time of the axis in UTC: hours and minutes, and the day where the chart is longer than two. */
function clock(seconds: number, span: number): string {
  const text = new Date(seconds * 1000).toISOString();
  return span > 2 * DAY ? text.slice(5, 10) : text.slice(11, 16);
}

/** 1 200 000 → 1.2 M. */
function short(value: number): string {
  if (value >= 1e9) return `${value / 1e9} G`;
  if (value >= 1e6) return `${value / 1e6} M`;
  return value >= 1e4 ? `${value / 1e3} k` : count(value);
}
