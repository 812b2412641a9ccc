/** The end of every command that runs a workload: writes the report where it was requested. */
import { Output } from "../../store/output.ts";
import { printJson } from "../output/streams.ts";
import { reportText } from "../../namespace/run-report.ts";
import type { RunReport } from "../../namespace/report.ts";

export interface ReportOptions {
  readonly json?: boolean;
  readonly report?: string;
}

/**
 * Opens the file for a report before the workload starts; undefined if none was requested. The report of an earlier run is
 * removed: if this run ends without one, the earlier must not be mistaken for it.
 */
export function reportOutput({ report }: ReportOptions): Output | undefined {
  if (report === undefined) return undefined;
  const output = Output.open(report);
  output.removeOld();
  return output;
}

/** Writes the report of a run to stdout, to a file, to both or to neither. */
export function deliverReport(report: RunReport, output: Output | undefined, { json }: ReportOptions): void {
  output?.write(reportText(report));
  if (json) printJson(report);
}
