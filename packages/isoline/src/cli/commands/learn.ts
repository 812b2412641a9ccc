/** `isoline learn`: records everything that a command does as its contour. */
import { existsSync } from "node:fs";
import { readPlaces } from "../../namespace/places.ts";
import { type SensorChoice, sensorFor } from "../../namespace/sensor-choice.ts";
import type { Invocation } from "../invocation.ts";
import { policyLine } from "../../store/policy-file.ts";
import { note } from "../output/streams.ts";
import { usage } from "../refusal.ts";
import { argumentText, commandAfterDashes } from "../workload/command.ts";
import { endAs } from "../workload/end-as.ts";
import { type IntegrityOptions, integrityPlan } from "../workload/integrity.ts";
import { deliverReport, type ReportOptions, reportOutput } from "../workload/finish.ts";
import { assertWritable, Output } from "../../store/output.ts";
import { runReport } from "../../namespace/run-report.ts";
import { sayIntegrity, saySummaryOfLearning } from "../workload/summary.ts";
import { supervise } from "../workload/supervise.ts";
import { entryAs } from "../workload/user.ts";

export interface LearnOptions extends ReportOptions, IntegrityOptions {
  readonly output?: string;
  readonly merge?: boolean;
  readonly lens?: string;
  readonly sensor?: SensorChoice;
  readonly user?: string;
  readonly trajectory?: string;
  readonly name?: string;
  readonly quiet?: boolean;
}

export async function learn(invocation: Invocation, options: LearnOptions): Promise<number> {
  const { output, quiet = false } = options;
  if (output === undefined) throw usage("expected -o FILE, where the contour is to be written");
  const command = commandAfterDashes(invocation.argv, ["-o", output]);
  const held = Output.open(output);
  if (options.trajectory !== undefined) assertWritable(options.trajectory);
  const reported = reportOutput(options);
  const integrity = integrityPlan(options);
  const sensor = sensorFor(options.sensor);
  const started = { ...invocation, entry: entryAs(options.user, invocation.entry) };
  const outcome = await supervise(started, {
    plan: {
      mode: "learn",
      contour: options.merge ? contourToMerge(output, quiet) : undefined,
      output,
      adds: options.merge ?? false,
      policy: await policyLine(options.lens),
      trajectory: options.trajectory,
      sensor,
      places: readPlaces(started.entry),
      landlock: false,
      openFiles: started.entry.openFiles,
      integrity,
    },
    command,
    name: options.name,
    quiet,
  });
  const report = runReport(outcome, { contour: output, command: command.map(argumentText), learns: true });
  (await import("../output/stale-signature.ts")).dropStaleSignature(held, output, quiet);
  if (!quiet) {
    saySummaryOfLearning(report, output);
    sayIntegrity(report.integrity);
  }
  deliverReport(report, reported, options);
  return endAs(outcome.exit);
}

/** The contour to add to. The first of several runs may use --merge as well. */
function contourToMerge(output: string, quiet: boolean): string | undefined {
  if (existsSync(output)) return output;
  if (!quiet) note(`${output} is not there yet, so there is nothing to add to: it begins with this run`);
  return undefined;
}
