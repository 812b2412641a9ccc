/** `isoline check`: for CI: did a command stay on its contour? */
import { leave } from "@isoline/linux";
import type { RunReport } from "../../namespace/report.ts";
import { status } from "../ending.ts";
import type { Invocation } from "../invocation.ts";
import { note } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { endAs } from "../workload/end-as.ts";
import { runSealed, type SealedOptions } from "../workload/sealed.ts";

export interface CheckOptions extends SealedOptions {
  /** Whether departures become points when the command has ended. */
  readonly accept?: boolean;
  readonly reason?: string;
}

export async function check(invocation: Invocation, file: string, options: CheckOptions): Promise<number> {
  const { exit, isStarted, report } = await runSealed(invocation, file, options);
  const isKept =
    options.accept === true && report.departures.length > 0 ? await acceptAll(file, report, options) : false;
  if (!isStarted) return endAs(exit);
  if (report.verdict === "off-contour" && !isKept) return leave(status.offContour);
  if (report.incomplete.length > 0) return leave(status.incomplete);
  return endAs(exit);
}

/** Whether every event that departed is on the contour now. */
async function acceptAll(file: string, report: RunReport, { quiet = false, reason }: CheckOptions): Promise<boolean> {
  const { accept } = await import("../../library/amend/accept.ts");
  const { departedIn } = await import("../../library/amend/report-file.ts");
  const accepted = await accept(file, departedIn(report, "this run"), { reason });
  const unrecorded = report.off - report.departures.reduce((sum, { count }) => sum + count, 0);
  if (!quiet) {
    const { sayAccepted } = await import("../amend/outcome.ts");
    sayAccepted(file, accepted);
    if (unrecorded > 0) note(`${counted(unrecorded, "departure")} were too many to be recorded: check again`);
  }
  return accepted.open.length === 0 && accepted.orphaned.length === 0 && unrecorded <= 0;
}
