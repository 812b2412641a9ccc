/** The common part of `check` and `run`: a workload under a sealed contour. */
import type { ChildState } from "@isoline/linux";
import { readPlaces } from "../../namespace/places.ts";
import { type SensorChoice, sensorFor } from "../../namespace/sensor-choice.ts";
import type { Invocation } from "../invocation.ts";
import { usage } from "../refusal.ts";
import { argumentText, commandAfterDashes } from "./command.ts";
import { type IntegrityOptions, integrityPlan } from "./integrity.ts";
import { deliverReport, type ReportOptions, reportOutput } from "./finish.ts";
import { readTrustedKey } from "../../store/signature/keys.ts";
import type { Verdict } from "../../namespace/report.ts";
import { runReport } from "../../namespace/run-report.ts";
import { sayIntegrity, sayLandlock, saySummaryOfRun } from "./summary.ts";
import { supervise } from "./supervise.ts";
import { entryAs } from "./user.ts";

export interface SealedOptions extends ReportOptions, IntegrityOptions {
  readonly enforce?: boolean;
  /** False with `--no-landlock`. */
  readonly landlock?: boolean;
  readonly sensor?: SensorChoice;
  readonly user?: string;
  /** Keys of which one must have signed the contour. */
  readonly requireSignature?: readonly string[];
  /** Seconds. */
  readonly hold?: number;
  readonly name?: string;
  readonly quiet?: boolean;
}

/** Runs the command to its end, prints the result, and writes the report. */
export async function runSealed(
  invocation: Invocation,
  file: string,
  options: SealedOptions,
): Promise<{ readonly exit: ChildState; readonly verdict: Verdict }> {
  const { enforce = false, landlock = true, quiet = false } = options;
  if (!landlock && !enforce) throw usage("--no-landlock changes nothing without --enforce; leave it out");
  const integrity = integrityPlan(options);
  const sensor = sensorFor(options.sensor);
  const started = { ...invocation, entry: entryAs(options.user, invocation.entry) };
  if (options.hold !== undefined && !(enforce && sensor === "bpf"))
    throw usage("--hold changes nothing without --enforce and --sensor bpf; leave it out");
  const command = commandAfterDashes(invocation.argv, [file]);
  const signed = options.requireSignature?.map(readTrustedKey);
  const output = reportOutput(options);
  const outcome = await supervise(started, {
    plan: {
      mode: enforce ? "enforce" : "watch",
      contour: file,
      signed: signed && { keys: signed, image: { digests: [], named: false } },
      output: undefined,
      policy: undefined,
      trajectory: undefined,
      sensor,
      places: readPlaces(started.entry),
      // The kernel's verdicts are about objects, so Landlock has no race to close.
      landlock: enforce && landlock && sensor === "seccomp",
      openFiles: started.entry.openFiles,
      holdSeconds: options.hold,
      integrity,
    },
    command,
    name: options.name,
    quiet,
  });
  const report = runReport(outcome, { contour: file, command: command.map(argumentText), learns: false });
  if (!quiet) {
    saySummaryOfRun(report, file);
    sayLandlock(report.landlock);
    sayIntegrity(report.integrity);
  }
  deliverReport(report, output, options);
  return { exit: outcome.exit, verdict: report.verdict };
}
