/** Decisions and departures in the form for followers and reports. */
import { type Circumstances, consequenceOf, type Departure, type Judgement } from "@isoline/core/engine";
import { type Event, eventToJson, formatAct } from "@isoline/core/event";
import type { LiveEvent } from "./live.ts";
import type { ExplainedDeparture, Model } from "./model.ts";
import type { DepartureReport } from "./report.ts";

/** When a departure was seen first and last, in milliseconds since 1970. */
export type TimesOf = (departure: Departure) => { readonly first: number; readonly last: number };

/** Each is explained, and the workload waits meanwhile; in a thread that serves several, all of them. */
const DEPARTURES_AT_ONCE = 100;
/** No further one is explained after this time: one may take some milliseconds, where the contour is large. */
const EXPLAINING_MS = 20;

/** Departures from an index on, in order: at most a page of them, and at least one if there is one. */
export function departuresFrom(model: Model, from: number, timesOf: TimesOf): DepartureReport[] {
  const { departures } = model.engine.forensics;
  return model
    .explained(from, DEPARTURES_AT_ONCE, EXPLAINING_MS)
    .map((explained, index) => reportOf(departures[from + index] as Departure, explained, timesOf));
}

/** How often each departure was until now. */
export function recount({ engine }: Model, timesOf: TimesOf): Pick<DepartureReport, "count" | "refused" | "last">[] {
  return engine.forensics.departures.map((departure) => {
    const { count, refused } = departure;
    return { count, refused, last: new Date(timesOf(departure).last).toISOString() };
  });
}

function reportOf(departure: Departure, explained: ExplainedDeparture, timesOf: TimesOf): DepartureReport {
  const { event, first: seen, introduces } = departure;
  const { changed, renamed } = explained;
  const { first, last } = timesOf(departure);
  return {
    point: departure.point,
    why: explained.why,
    act: formatAct(event),
    consequence: explained.consequence,
    chain: seen.chain,
    pid: seen.pid,
    sequence: seen.sequence,
    count: departure.count,
    refused: departure.refused,
    ...(seen.content ? { content: seen.content } : {}),
    class: explained.class,
    ...(changed.length > 0 ? { changed } : {}),
    ...(renamed.length > 0 ? { renamed } : {}),
    event: eventToJson(event),
    ...(introduces !== undefined && explained.isNewTask ? { tasks: [introduces] } : {}),
    ...(seen.guessedLineage ? { guessed: true } : {}),
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
  };
}

export function liveEvent(
  model: Model,
  event: Event,
  { verdict, refuse }: Judgement,
  circumstances: Circumstances,
  novel: boolean,
): LiveEvent {
  const { sequence, pid, chain, content } = circumstances;
  const told = {
    sequence,
    pid,
    chain,
    // What is asked about is off contour, and not decided yet.
    verdict: verdict === "asked" ? "off" : verdict,
    refused: refuse,
    novel,
    act: formatAct(event),
    consequence: consequenceOf(event).consequence,
    ...(content ? { content } : {}),
  } as const;
  return verdict === "off" ? { ...told, ...model.explain(event, circumstances) } : told;
}
