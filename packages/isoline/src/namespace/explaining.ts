/** Decisions and departures in the form for followers and reports. */
import { type Circumstances, explainEvent, type Judgement, why } from "@isoline/core/engine";
import { type Event, formatAct } from "@isoline/core/event";
import type { LiveEvent } from "./live.ts";
import type { Model } from "./model.ts";
import type { DepartureReport } from "./report.ts";

/** Each is explained, and the workload waits meanwhile. */
const DEPARTURES_AT_ONCE = 100;

/** Departures from an index on, in order, at most a page of them. */
export function departuresFrom({ engine, learnt }: Model, from: number): DepartureReport[] {
  const { forensics } = engine;
  return forensics.departures.slice(from, from + DEPARTURES_AT_ONCE).map((departure) => ({
    point: departure.point,
    why: why(departure, learnt, forensics).sentence,
    act: formatAct(departure.event),
    chain: departure.first.chain,
    pid: departure.first.pid,
    sequence: departure.first.sequence,
    count: departure.count,
    refused: departure.refused,
    ...(departure.first.content ? { content: departure.first.content } : {}),
  }));
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
    verdict,
    refused: refuse,
    novel,
    act: formatAct(event),
    ...(content ? { content } : {}),
    ...(verdict === "off" ? { why: explainEvent(event, learnt, circumstances).sentence } : {}),
  };
}
