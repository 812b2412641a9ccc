/** `isoline learn`: records everything that a command does as its contour. */
import { existsSync } from "node:fs";
import type { PresetName } from "@isoline/core/identity";
import { leave } from "@isoline/linux";
import { startLearning } from "../../library/workloads.ts";
import type { SensorChoice } from "../../namespace/sensor-choice.ts";
import { putAside } from "../../store/checkpoint.ts";
import { status } from "../ending.ts";
import type { Invocation } from "../invocation.ts";
import { priorBeside } from "../workload/prior.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";
import { commandAfterDashes } from "../workload/command.ts";
import { endAs } from "../workload/end-as.ts";
import { type EngineChoice, engineChoice } from "../workload/engine.ts";
import { deliverReport, type ReportOptions, reportOutput } from "../workload/finish.ts";
import { type IntegrityOptions, integrityPlan } from "../workload/integrity.ts";
import { sayIntegrity, saySummaryOfLearning, sayTpm } from "../workload/summary.ts";
import { nameOf, type TpmOptions, tpmOptions } from "../workload/tpm.ts";
import { supervise } from "../workload/supervise.ts";

/** A run that is lost is said also where nothing else is. */
function sayWhatWasCutShort(output: string): void {
  const file = harmless(output);
  for (const { path, when } of putAside(output)) {
    const rest = harmless(path);
    note(
      `a run that learnt ${file} was cut short after ${when.toISOString().slice(0, 19)}Z. What it had learnt is in ${rest}: ` +
        `add it with isoline merge ${file} ${rest} -o ${file}, or delete it`,
    );
  }
}

export interface LearnOptions extends ReportOptions, IntegrityOptions, EngineChoice, TpmOptions {
  readonly output?: string;
  readonly merge?: boolean;
  readonly cleanStart?: boolean;
  readonly runs?: number;
  /** A share of further runs. */
  readonly until?: number;
  readonly clean?: string;
  readonly lens?: string;
  readonly preset?: readonly PresetName[];
  readonly sensor?: SensorChoice;
  readonly user?: string;
  readonly trajectory?: string;
  readonly name?: string;
  readonly quiet?: boolean;
}

export async function learn(invocation: Invocation, options: LearnOptions): Promise<number> {
  const { output, merge = false, cleanStart, lens, preset, sensor, user, trajectory, quiet = false } = options;
  if (output === undefined) throw usage("expected -o FILE, where the contour is to be written");
  const command = commandAfterDashes(invocation.argv, ["-o", output]);
  if (options.runs !== undefined) return repeatedly(invocation, command, options, output, options.runs);
  if (options.until !== undefined || options.clean !== undefined)
    throw usage(
      "--until and --clean are for --runs N, which learns the command again and again; add it, or leave them out",
    );
  const ima = integrityPlan(options);
  const engine = await engineChoice(options);
  const tpm = tpmOptions(options);
  const name = nameOf(options);
  const reported = reportOutput(options);
  sayWhatWasCutShort(output);
  const prior = await priorBeside(output, invocation.entry);
  const more = merge && existsSync(output);
  if (merge && !more && !quiet)
    note(`${harmless(output)} is not there yet, so there is nothing to add to: it begins with this run`);
  if (more && !quiet) (await import("../output/stray-evidence.ts")).sayStrayEvidence(output);
  const isRecorded = options.tpm !== undefined;
  const about = { command, contour: output, name, quiet, isRecorded, learns: more ? "more" : "anew" } as const;
  const { exit, report, removedSignature } = await supervise(invocation, about, (host, hooks) =>
    startLearning(
      host,
      command,
      { output, merge, cleanStart, lens, presets: preset, sensor, user, trajectory, ima, name, engine, ...tpm },
      hooks,
    ),
  );
  if (removedSignature && !quiet) (await import("../output/stale-signature.ts")).sayStaleSignature(output);
  if (!quiet) {
    saySummaryOfLearning(report, output);
    sayIntegrity(report.integrity);
    sayTpm(report.tpm);
    if (merge) (await import("../output/expectation.ts")).sayEstimate(output);
    else await (await import("../output/preset-hint.ts")).sayPresetForNext(output);
  }
  await prior?.weigh(report.incomplete.length === 0 ? 1 : 0, quiet);
  deliverReport(report, reported, options);
  return report.incomplete.length > 0 ? leave(status.incomplete) : endAs(exit);
}

async function repeatedly(
  invocation: Invocation,
  command: readonly Uint8Array[],
  options: LearnOptions,
  output: string,
  runs: number,
): Promise<number> {
  const isForOne =
    integrityPlan(options) !== undefined || (await engineChoice(options)) !== undefined || options.tpm !== undefined;
  if (options.trajectory !== undefined || isForOne)
    throw usage("--trajectory, --ima-…, --engine and --tpm are for one run; leave them out, or --runs");
  sayWhatWasCutShort(output);
  const { learnRepeatedly } = await import("../workload/repeatedly.ts");
  return learnRepeatedly(invocation, command, { ...options, output, runs });
}
