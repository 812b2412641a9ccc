/** Counters of a canister over time, with its verdict below; the same is beside it as a table. */
import type { CanisterInFull } from "@isoline/verifier";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { stateOf } from "../model/states.ts";
import { colour, colours } from "../place/theme.ts";
import { count, exact } from "../text/amounts.ts";
import { Verdict } from "./marks.tsx";
import { useWidth } from "./measured.ts";
import { Said } from "./said.tsx";

type History = CanisterInFull["history"];
type Counter = keyof CanisterInFull["counters"];

const bad = [
  { name: "departures", colour: "contraindicated", dash: [] },
  { name: "refused", colour: "write", dash: [8, 4] },
  { name: "lost", colour: "unverifiable", dash: [2, 4] },
  { name: "untrusted", colour: "system", dash: [12, 3, 3, 3] },
] as const satisfies readonly { name: Counter; colour: string; dash: readonly number[] }[];
const events = [{ name: "events", colour: "affirming", dash: [] }] as const satisfies readonly {
  name: Counter;
  colour: string;
  dash: readonly number[];
}[];

export function CountersChart({ history }: { readonly history: History }): JSX.Element {
  const known = history
    .filter(({ at, counters }) => counters !== undefined && !Number.isNaN(Date.parse(at)))
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  if (known.length < 2)
    return (
      <p class="nothing">A chart needs two reports of this canister with counters; the verifier has {known.length}.</p>
    );
  return (
    <div class="charts">
      <Plot history={known} series={bad} title="departures, refused, lost, untrusted" />
      <Plot history={known} series={events} title="events" />
    </div>
  );
}

type Series = readonly { readonly name: Counter; readonly colour: string; readonly dash: readonly number[] }[];

function Plot({
  history,
  series,
  title,
}: {
  readonly history: History;
  readonly series: Series;
  readonly title: string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const last = history.at(-1)?.counters;
  useLayoutEffect(() => {
    if (box.current === null || width === 0) return undefined;
    const span = Date.parse(history.at(-1)?.at ?? "") - Date.parse(history[0]?.at ?? "");
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
            points: { show: history.length < 30, size: 5 },
          })),
        ],
      },
      [
        history.map(({ at }) => Date.parse(at) / 1000),
        ...series.map(({ name }) => history.map(({ counters }) => counters?.[name] ?? null)),
      ] as uPlot.AlignedData,
      box.current,
    );
    return () => plot.destroy();
  }, [history, width, colours.value]);
  return (
    <figure>
      <figcaption>
        {series.map(({ name, colour: of, dash }) => (
          <span class="series">
            <svg width="26" height="8" aria-hidden="true">
              <path class={`line ${of}`} d="M1 4h24" stroke-width="2.5" stroke-dasharray={dash.join(" ")} />
            </svg>
            {name} <b>{count(last?.[name])}</b>
          </span>
        ))}
        <span>times in UTC</span>
      </figcaption>
      <div ref={box} class="plot" role="img" aria-label={`${title} over time; the table below has the same`} />
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

const LATEST = 50;

/** The latest reports, newest first. */
export function HistoryTable({ history }: { readonly history: History }): JSX.Element {
  const newest = history.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <div class="scrolled">
      <table>
        <caption>{newest.length > LATEST ? `The latest ${LATEST} of ${newest.length} reports` : "All reports"}</caption>
        <thead>
          <tr>
            <th scope="col">At</th>
            <th scope="col">Verdict</th>
            <th scope="col">Why</th>
            {["events", "departures", "refused", "lost", "untrusted"].map((name) => (
              <th scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.slice(0, LATEST).map(({ at, state, failure, why, counters }) => (
            <tr>
              <td>{exact(at) ?? <Said text={at} most={40} />}</td>
              <td>
                <Verdict state={stateOf(state)} failure={failure} />
              </td>
              <td>
                <Said text={why} most={300} />
              </td>
              {(["events", "departures", "refused", "lost", "untrusted"] as const).map((name) => (
                <td class="number">{count(counters?.[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
