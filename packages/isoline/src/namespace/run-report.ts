/** Makes the report of a run from its outcome, and writes it as text. */
import { constants } from "node:os";
import { updatesAmong } from "@isoline/core/engine";
import type { AppliedLandlock, ChildState } from "@isoline/linux";
import { jsonText } from "../store/json-text.ts";
import type { Outcome } from "./namespace.ts";
import type { DepartureReport, Exit, Findings, RunReport, UpdateReport, Verdict } from "./report.ts";

/** Facts about a run that its supervisor does not know. */
export type About = Pick<RunReport, "contour" | "command" | "container" | "image"> & { readonly learns: boolean };

export function runReport({ exit, report, landlock }: Outcome, { learns, ...about }: About): RunReport {
  return {
    isoline: 1,
    verdict: verdictOf(report, learns),
    ...about,
    exit: exitOf(exit),
    ...report,
    updates: updatesIn(report.departures),
    landlock: landlockOf(landlock),
  };
}

/** The departures that are no more than updates, gathered by what changed. */
function updatesIn(departures: readonly DepartureReport[]): UpdateReport[] {
  const classified = departures.map((departure) => {
    const { changed: contents = [], renamed: moves = [] } = departure;
    return { class: departure.class, contents, moves, departure };
  });
  return updatesAmong(classified).map(({ contents, moves, departures: members }) => ({
    changed: contents,
    renamed: moves,
    departures: members.length,
    count: members.reduce((sum, { departure }) => sum + departure.count, 0),
    refused: members.reduce((sum, { departure }) => sum + departure.refused, 0),
  }));
}

/** Departures written at a time. */
const AT_ONCE = 100;

/**
 * As text, JSON indented by two, in pieces: there may be ten thousand departures, and the whole text would be the largest
 * object of a run.
 */
export function* reportText(report: RunReport): Generator<string> {
  const { departures } = report;
  const text = jsonText({ ...report, departures: [] }, 2);
  // Inside a string its quotes would be escaped, and at a deeper level there would be more blanks.
  const [before, after] = text.split('\n  "departures": []') as [string, string];
  yield `${before}\n  "departures": [`;
  for (let from = 0; from < departures.length; from += AT_ONCE) {
    const indented = jsonText(departures.slice(from, from + AT_ONCE), 2)
      .slice(2, -2)
      .replaceAll("\n", "\n  ");
    yield `${from === 0 ? "" : ","}\n  ${indented}`;
  }
  yield `${departures.length === 0 ? "" : "\n  "}]${after}\n`;
}

/** Off contour outweighs incomplete: a departure is certain even if other events were not observed. */
function verdictOf({ off, incomplete }: Findings, learns: boolean): Verdict {
  if (off > 0) return "off-contour";
  if (incomplete.length > 0) return "incomplete";
  return learns ? "learnt" : "on-contour";
}

/** The applied rules, without descriptors, which have a meaning only in the supervisor. */
function landlockOf(applied: AppliedLandlock | undefined): RunReport["landlock"] {
  if (applied === undefined) return null;
  const { pins: _, ...told } = applied;
  return told;
}

function exitOf(state: ChildState): Exit {
  if (state.state === "exited") return { status: state.status };
  if (state.state === "killed") return { signal: signalName(state.signal) };
  return { unknown: true };
}

/** `SIGTERM`; `SIG34` for a number that has no name here. */
function signalName(signal: number): string {
  const named = Object.entries(constants.signals).find(([, number]) => number === signal);
  return named?.[0] ?? `SIG${signal}`;
}
