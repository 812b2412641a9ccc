/** The end of every command that runs a workload: the report is written where it was asked for. */
import type { Outcome } from "../../namespace/namespace.ts";
import { Output } from "../../store/output.ts";
import { printJson } from "../output/streams.ts";
import { argumentText } from "./command.ts";
import { exitOf, landlockOf, reportText, type RunReport, type Verdict } from "../../namespace/run-report.ts";

export interface ReportOptions {
  readonly json?: boolean;
  readonly report?: string;
}

/**
 * Takes hold of the file for a report, before the workload starts; undefined where none was asked for. The report of an earlier run
 * goes: if this run dies without one, nobody is to take that for its own.
 */
export function reportOutput({ report }: ReportOptions): Output | undefined {
  if (report === undefined) return undefined;
  const output = Output.open(report);
  output.removeOld();
  return output;
}

/** Writes the report of a run to stdout, to a file, to both or to neither. */
export function deliverReport(
  { exit, report, landlock }: Outcome,
  run: { readonly contour: string; readonly command: readonly Uint8Array[]; readonly verdict: Verdict },
  output: Output | undefined,
  { json }: ReportOptions,
): void {
  if (!json && output === undefined) return;
  const { contour, command, verdict } = run;
  const document: RunReport = {
    isoline: 1,
    verdict,
    contour,
    command: command.map(argumentText),
    exit: exitOf(exit),
    ...report,
    landlock: landlockOf(landlock),
  };
  output?.write(reportText(document));
  if (json) printJson(document);
}
