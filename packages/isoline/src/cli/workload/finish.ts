/** The end of every command that runs a workload: the report is written where it was asked for. */
import type { Outcome } from "../../namespace/namespace.ts";
import { writeDurably } from "../../store/durable-file.ts";
import { printJson } from "../output/streams.ts";
import { argumentText } from "./command.ts";
import { exitOf, landlockOf, reportText, type RunReport, type Verdict } from "../../namespace/run-report.ts";

export interface ReportOptions {
  readonly json?: boolean;
  readonly report?: string;
}

/** Writes the report of a run to stdout, to a file, to both or to neither. */
export function deliverReport(
  { exit, report, landlock }: Outcome,
  run: { readonly contour: string; readonly command: readonly Uint8Array[]; readonly verdict: Verdict },
  { json, report: file }: ReportOptions,
): void {
  if (!json && file === undefined) return;
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
  if (file !== undefined) writeDurably(file, reportText(document));
  if (json) printJson(document);
}
