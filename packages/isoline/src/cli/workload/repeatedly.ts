/** `isoline learn --runs`: learns the same command again and again, and shows how much of the next run is still unknown. */
import { existsSync } from "node:fs";
import { constants } from "node:os";
import type { Estimate } from "@isoline/core/evidence";
import { dieBySignal } from "@isoline/linux";
import { confidence, estimate } from "../../library/confidence.ts";
import { startLearning } from "../../library/workloads.ts";
import type { PresetName } from "@isoline/core/identity";
import { argumentText } from "../../namespace/command-text.ts";
import type { Exit, RunReport } from "../../namespace/report.ts";
import type { SensorChoice } from "../../namespace/sensor-choice.ts";
import { jsonText } from "../../store/json-text.ts";
import type { Output } from "../../store/output.ts";
import { status } from "../ending.ts";
import type { Invocation } from "../invocation.ts";
import { percent, sayEstimate, shareText } from "../output/expectation.ts";
import { note, printJson } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";
import { makeClean } from "./clean.ts";
import { priorBeside } from "./prior.ts";
import { endAs } from "./end-as.ts";
import { type ReportOptions, reportOutput } from "./finish.ts";
import { type Ended, supervise } from "./supervise.ts";

/** What is said of one run, in lines and in the report. */
interface Learnt {
  readonly run: number;
  readonly exit: Exit;
  readonly events: number;
  readonly points: number;
  readonly added: number;
  readonly incomplete: RunReport["incomplete"];
  readonly estimate: Estimate | undefined;
}

/** What to learn, how often, and under which conditions. */
export interface Order extends ReportOptions {
  readonly output: string;
  readonly runs: number;
  /** A share of further runs: with it, learning ends as soon as no more are expected to depart. */
  readonly until?: number;
  /** A shell command before each run. */
  readonly clean?: string;
  readonly cleanStart?: boolean;
  readonly merge?: boolean;
  readonly lens?: string;
  readonly preset?: readonly PresetName[];
  readonly sensor?: SensorChoice;
  readonly user?: string;
  readonly name?: string;
  readonly quiet?: boolean;
}

export async function learnRepeatedly(
  invocation: Invocation,
  command: readonly Uint8Array[],
  order: Order,
): Promise<number> {
  const { output, runs, until, quiet = false } = order;
  const reported = reportOutput(order);
  const prior = await priorBeside(output, invocation.entry);
  const learnt: Learnt[] = [];
  let last: Ended | undefined;
  const isMet = () => until !== undefined && (learnt.at(-1)?.estimate?.bound ?? 1) <= until;
  while (learnt.length < runs && !isMet() && (last === undefined || succeeded(last.report))) {
    last = await learnOnce(invocation, command, order, learnt.length + 1);
    const one = said(last.report, learnt.length + 1, output);
    learnt.push(one);
    if (!quiet) note(lineOf(one, runs));
  }
  const failed = last !== undefined && !succeeded(last.report);
  if (failed) note(failureText(last as Ended, learnt.length, output));
  else if (!quiet) sayEnd(output, until, isMet());
  await prior?.weigh(learnt.filter(({ incomplete }) => incomplete.length === 0).length, quiet);
  await deliver(order, reported, command, learnt, isMet());
  if (learnt.some(({ incomplete }) => incomplete.length > 0)) return status.incomplete;
  return failed ? endAs((last as Ended).exit) : status.success;
}

/** One run, added to the contour. The first begins the contour, unless it is to be added to. */
async function learnOnce(
  invocation: Invocation,
  command: readonly Uint8Array[],
  order: Order,
  run: number,
): Promise<Ended> {
  const { output, clean, name, quiet = false, lens, preset, sensor, user, cleanStart = clean !== undefined } = order;
  if (clean !== undefined) await makeClean(clean, run);
  const merge = run > 1 || order.merge === true;
  const learns = merge && existsSync(output) ? "more" : "anew";
  const options = {
    output,
    merge,
    lens: run > 1 ? undefined : lens,
    presets: run > 1 ? undefined : preset,
    sensor,
    user,
    name,
    cleanStart,
  };
  // The threads that were started ahead serve one run.
  const once = run === 1 ? invocation : { ...invocation, threads: undefined };
  const about = { command, contour: output, name, quiet, learns } as const;
  return supervise(once, about, async (host, hooks) => {
    const started = await startLearning(host, command, options, hooks);
    const { run, namespace } = started;
    // Between two runs a signal that ends programs is for isoline alone.
    const isOver = () => {
      namespace.first.onToldToEnd = (signal) => dieBySignal(constants.signals[signal]);
    };
    run.ended.then(isOver, isOver);
    return started;
  });
}

function succeeded({ exit }: RunReport): boolean {
  return "status" in exit && exit.status === 0;
}

function said({ exit, events, points, added, incomplete }: RunReport, run: number, output: string): Learnt {
  return { run, exit, events, points, added, incomplete, estimate: estimate(output) };
}

/** `run 3 of 20: 812 points, 12 new; a departure in about 67 % of further runs, in at most 98 % (95 %)` */
function lineOf({ run, points, added, incomplete, estimate: found }: Learnt, runs: number): string {
  const lost = incomplete.map(({ reason, count }) => `; incomplete: ${harmless(reason)} (${counted(count, "time")})`);
  const how = found === undefined ? "no run was observed as a whole yet" : `a departure in ${shareText(found)}`;
  return `run ${run} of ${runs}: ${counted(points, "point")}, ${grouped(added)} new; ${how}${lost.join("")}`;
}

function failureText({ report }: Ended, run: number, output: string): string {
  const { exit } = report;
  const how =
    "status" in exit
      ? `failed with status ${exit.status}`
      : "signal" in exit
        ? `was ended by ${exit.signal}`
        : "ended unseen";
  return (
    `the command ${how} in run ${run}, so no further run was started; ${harmless(output)} holds what it did until then. ` +
    "Mend the command and learn anew, or go on with --merge if such a run belongs to it"
  );
}

function sayEnd(output: string, until: number | undefined, isMet: boolean): void {
  sayEstimate(output);
  if (until === undefined) return;
  note(
    isMet
      ? `at most ${percent(until)} of further runs: reached`
      : `at most ${percent(until)} of further runs: not reached; go on with --merge, or see what varies`,
  );
}

async function deliver(
  { output, json, until, report }: Order,
  reported: Output | undefined,
  command: readonly Uint8Array[],
  learnt: readonly Learnt[],
  met: boolean,
): Promise<void> {
  if (!json && report === undefined) return;
  const found = await confidence(output);
  const document = {
    isoline: 1,
    contour: output,
    command: command.map(argumentText),
    runs: learnt,
    ...(until === undefined ? {} : { until, met }),
    confidence: found ?? null,
  };
  reported?.write([`${jsonText(document, 2)}\n`]);
  if (json) printJson(document);
}
