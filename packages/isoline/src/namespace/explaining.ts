/** Decisions and departures in the form for followers and reports. */
import {
  type Circumstances,
  consequenceOf,
  consequenceOfDeparture,
  type Departure,
  explainEvent,
  type Judgement,
  why,
} from "@isoline/core/engine";
import { type Event, eventToJson, formatAct } from "@isoline/core/event";
import type { LiveEvent } from "./live.ts";
import type { Model } from "./model.ts";
import type { DepartureReport } from "./report.ts";

/** When a departure was seen first and last, in milliseconds since 1970. */
export type TimesOf = (departure: Departure) => { readonly first: number; readonly last: number };

/** Each is explained, and the workload waits meanwhile. */
const DEPARTURES_AT_ONCE = 100;

/** Departures from an index on, in order, at most a page of them. */
export function departuresFrom(model: Model, from: number, timesOf: TimesOf): DepartureReport[] {
  const { departures } = model.engine.forensics;
  return departures.slice(from, from + DEPARTURES_AT_ONCE).map((departure) => reportOf(departure, model, timesOf));
}

/** How often each departure was until now. */
export function recount({ engine }: Model, timesOf: TimesOf): Pick<DepartureReport, "count" | "refused" | "last">[] {
  return engine.forensics.departures.map((departure) => {
    const { count, refused } = departure;
    return { count, refused, last: new Date(timesOf(departure).last).toISOString() };
  });
}

function reportOf(departure: Departure, { engine, learnt, updates }: Model, timesOf: TimesOf): DepartureReport {
  const { event, first: seen, introduces } = departure;
  const { class: kind, contents, moves } = updates.classify(event);
  const { first, last } = timesOf(departure);
  return {
    point: departure.point,
    why: why(departure, learnt, engine.forensics).sentence,
    act: formatAct(event),
    consequence: consequenceOfDeparture(event, learnt).consequence,
    chain: seen.chain,
    pid: seen.pid,
    sequence: seen.sequence,
    count: departure.count,
    refused: departure.refused,
    ...(seen.content ? { content: seen.content } : {}),
    class: kind,
    ...(contents.length > 0 ? { changed: contents } : {}),
    ...(moves.length > 0 ? { renamed: moves } : {}),
    event: eventToJson(event),
    ...(introduces !== undefined && learnt.points.task(introduces.id) === undefined ? { tasks: [introduces] } : {}),
    ...(seen.guessedLineage ? { guessed: true } : {}),
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
  };
}

export function liveEvent(
  { learnt }: Model,
  event: Event,
  { verdict, refuse }: Judgement,
  circumstances: Circumstances,
  novel: boolean,
): LiveEvent {
  const { sequence, pid, chain, content } = circumstances;
  return {
    sequence,
    pid,
    chain,
    // What is asked about is off contour, and not decided yet.
    verdict: verdict === "asked" ? "off" : verdict,
    refused: refuse,
    novel,
    act: formatAct(event),
    consequence: (verdict === "off" ? consequenceOfDeparture(event, learnt) : consequenceOf(event)).consequence,
    ...(content ? { content } : {}),
    ...(verdict === "off" ? { why: explainEvent(event, learnt, circumstances).sentence } : {}),
  };
}
