/** What `check` and `run` share: a workload under a contour that nothing can be added to. */
import { sealedOrder, startSealed } from "../../library/workloads.ts";
import { type SensorChoice, sensorFor } from "../../namespace/sensor-choice.ts";
import type { Invocation } from "../invocation.ts";
import { isTerminal, STDERR } from "../output/streams.ts";
import { usage } from "../refusal.ts";
import { commandAfterDashes } from "./command.ts";
import { type EngineChoice, engineChoice } from "./engine.ts";
import { deliverReport, type ReportOptions, reportOutput } from "./finish.ts";
import { type IntegrityOptions, integrityPlan } from "./integrity.ts";
import { sayIntegrity, sayLandlock, sayNotStarted, saySummaryOfRun, sayTpm } from "./summary.ts";
import { nameOf, type TpmOptions, tpmOptions } from "./tpm.ts";
import { type AgentChoice, assertForAgent } from "./agent-choice.ts";
import { type Ended, supervise } from "./supervise.ts";

export interface SealedOptions extends ReportOptions, IntegrityOptions, EngineChoice, TpmOptions, AgentChoice {
  readonly enforce?: boolean;
  /** False with `--no-landlock`. */
  readonly landlock?: boolean;
  readonly sensor?: SensorChoice;
  readonly user?: string;
  /** Keys of which one must have signed the contour. */
  readonly requireSignature?: readonly string[];
  /** Seconds. */
  readonly hold?: number;
  /** Of `run`: a person decides about what is off contour, within so many seconds. */
  readonly ask?: boolean;
  readonly answerWithin?: number;
  readonly name?: string;
  readonly quiet?: boolean;
}

/**
 * Runs the command to its end, says how it went, and delivers the report. `isAmendable`: its owner may widen the contour meanwhile, and
 * a person may be asked.
 */
export async function runSealed(
  invocation: Invocation,
  contour: string,
  options: SealedOptions,
  isAmendable = false,
): Promise<Ended> {
  const { enforce = false, landlock = true, quiet = false, hold, user, sensor, requireSignature } = options;
  if (!landlock && !enforce) throw usage("--no-landlock changes nothing without --enforce; leave it out");
  if (hold !== undefined && !(enforce && sensorFor(sensor) === "bpf"))
    throw usage("--hold changes nothing without --enforce and --sensor bpf; leave it out");
  const { ask = false, answerWithin } = options;
  if (answerWithin !== undefined && !ask) throw usage("--answer-within changes nothing without --ask; leave it out");
  assertForAgent({ ...options });
  const name = nameOf(options);
  const ima = integrityPlan(options);
  const engine = await engineChoice(options);
  const command = commandAfterDashes(invocation.argv, [contour]);
  const output = reportOutput(options);
  const sealed = {
    enforce,
    landlock,
    sensor,
    user,
    ima,
    name,
    trustedKeys: requireSignature,
    holdSeconds: hold,
    engine,
    ...tpmOptions(options),
  };
  // A check is read when it has ended; a service may never end.
  const tellsAtEnd = !isAmendable && !isTerminal(STDERR);
  const asking = ask ? { ask: { seconds: answerWithin } } : {};
  const decisions = isAmendable ? { decisions: { asks: ask } } : {};
  const about = { command, contour, name, quiet, tellsAtEnd, isRecorded: options.tpm !== undefined, ...decisions };
  const ended =
    options.agent === true
      ? await (await import("./at-agent.ts")).superviseAtAgent(invocation, about, options, (host) =>
          sealedOrder(host, contour, command, sealed),
        )
      : await supervise(invocation, about, (host, hooks) =>
          startSealed(host, contour, command, { ...sealed, ...asking }, hooks),
        );
  const { report } = ended;
  if (!quiet) {
    saySummaryOfRun(report, contour);
    if (report.off > 0) {
      (await import("../output/expectation.ts")).sayExpectation(contour);
      await (await import("../output/preset-hint.ts")).sayPresetForDepartures(contour);
    }
    sayLandlock(report.landlock);
    sayIntegrity(report.integrity);
    sayTpm(report.tpm);
    if (!ended.isStarted) sayNotStarted(report, contour);
  }
  deliverReport(report, output, options);
  return ended;
}
