/** What a run leaves for machines: `--json` and `--report`. */
import { constants } from "node:os";
import type { AppliedLandlock, ChildState } from "@isoline/linux";
import type { Report } from "./messages.ts";

/** How the run of a workload came out. */
export type Verdict = "on-contour" | "off-contour" | "incomplete" | "learnt";

/** A report of one run. Members are only ever added. */
export interface RunReport extends Omit<Report, "landlock"> {
  readonly isoline: 1;
  readonly verdict: Verdict;
  readonly contour: string;
  readonly command: readonly string[];
  /** What the kernel enforces beneath the verdicts; null where it was not asked to. */
  readonly landlock: Omit<AppliedLandlock, "pins"> | null;
  /** How the first process ended. */
  readonly exit: { readonly status: number } | { readonly signal: string } | { readonly unknown: true };
}

/** Departures written at a time. */
const AT_ONCE = 100;

/** As text, JSON indented by two, in pieces: departures may be ten thousand, and whole they would be the most that a run ever needs. */
export function* reportText(report: RunReport): Generator<string> {
  const { departures } = report;
  const text = JSON.stringify({ ...report, departures: [] }, null, 2);
  // In a string its quotes would be escaped, and deeper in it there would be more blanks.
  const [before, after] = text.split('\n  "departures": []') as [string, string];
  yield `${before}\n  "departures": [`;
  for (let from = 0; from < departures.length; from += AT_ONCE) {
    const indented = JSON.stringify(departures.slice(from, from + AT_ONCE), null, 2)
      .slice(2, -2)
      .replaceAll("\n", "\n  ");
    yield `${from === 0 ? "" : ","}\n  ${indented}`;
  }
  yield `${departures.length === 0 ? "" : "\n  "}]${after}\n`;
}

/** Off contour outweighs incomplete: what was seen is certain, whatever was not seen. */
export function verdictOf(report: Pick<Report, "off" | "incomplete">, learning: boolean): Verdict {
  if (report.off > 0) return "off-contour";
  if (report.incomplete.length > 0) return "incomplete";
  return learning ? "learnt" : "on-contour";
}

/** What was applied, without descriptors that mean something to the supervisor alone. */
export function landlockOf(applied: AppliedLandlock | undefined): RunReport["landlock"] {
  if (applied === undefined) return null;
  const { pins: _, ...told } = applied;
  return told;
}

export function exitOf(state: ChildState): RunReport["exit"] {
  if (state.state === "exited") return { status: state.status };
  if (state.state === "killed") return { signal: signalName(state.signal) };
  return { unknown: true };
}

/** `SIGTERM`; `SIG34` for a number that has no name here. */
function signalName(signal: number): string {
  const named = Object.entries(constants.signals).find(([, number]) => number === signal);
  return named?.[0] ?? `SIG${signal}`;
}
