/** `isoline namespace begin`: asks this machine's agent for a namespace around a command, with what its configuration allows. */
import { resolve } from "node:path";
import { BEGIN_SOCKET } from "../../../agent/begun/configuration.ts";
import { MOST_CONTOUR_BYTES } from "../../../agent/begun/words.ts";
import { MOST_BODY_BYTES } from "../../../control/integrity.ts";
import { argumentText, commandText } from "../../../namespace/command-text.ts";
import { readPlaces } from "../../../namespace/places.ts";
import { readRegular } from "../../../store/bounded-file.ts";
import type { Invocation } from "../../invocation.ts";
import { isTerminal, note, STDERR } from "../../output/streams.ts";
import { counted } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";
import { handOver } from "../../workload/at-agent.ts";
import { commandAfterDashes } from "../../workload/command.ts";
import { endAs } from "../../workload/end-as.ts";
import { deliverReport, type ReportOptions, reportOutput } from "../../workload/finish.ts";
import { sayIntegrity, sayNotStarted, saySummaryOfRun } from "../../workload/summary.ts";

/** Characters of the command line, for display; and of its words, in the report. */
const MOST_SHOWN = 1000;
const MOST_WORDS = 10_000;

export interface BeginOptions extends ReportOptions {
  readonly contour?: string;
  readonly enforce?: boolean;
  readonly policy?: string;
  readonly name?: string;
  readonly quiet?: boolean;
  readonly agentSocket?: string;
}

export async function namespaceBegin({ entry, argv }: Invocation, options: BeginOptions): Promise<number> {
  const { contour, enforce = false, policy, name, quiet = false, agentSocket = BEGIN_SOCKET } = options;
  if (enforce && contour === undefined) throw usage("--enforce changes nothing without --contour; name one");
  const command = commandAfterDashes(argv, ["begin"]);
  const output = reportOutput(options);
  const opening = {
    ask: "begin",
    ...{ name, enforces: enforce },
    command: commandText(command).slice(0, MOST_SHOWN),
    words: shownWords(command),
    places: readPlaces(entry),
    openFiles: entry.openFiles,
    contour: contour === undefined ? undefined : { called: contour, bytes: contourIn(contour) },
    policy: policy === undefined ? undefined : policyIn(policy),
  };
  const tellsAtEnd = !isTerminal(STDERR);
  const handed = await handOver(
    resolve(agentSocket),
    entry,
    { command, sensor: "seccomp", opening },
    { quiet, tellsAtEnd },
  );
  const { report, exit, isStarted } = handed;
  if (!quiet) {
    if (contour !== undefined) saySummaryOfRun(report, contour);
    else note(`${counted(report.points, "point")} from ${counted(report.events, "event")}; state ${report.state}`);
    sayIntegrity(report.integrity);
    if (!isStarted) sayNotStarted(report, contour ?? "");
  }
  deliverReport(report, output, options);
  return endAs(exit);
}

/** For the report: a frame has an end, and a command line may be longer. */
function shownWords(command: readonly Uint8Array[]): string[] {
  let left = MOST_WORDS;
  return command.slice(0, MOST_WORDS).map((word) => {
    const shown = argumentText(word).slice(0, left);
    left -= shown.length;
    return shown;
  });
}

/** The agent reads no file for its clients. */
function contourIn(file: string): string {
  return readRegular(file, MOST_CONTOUR_BYTES, "a contour").toString("base64");
}

export function policyIn(file: string): string {
  return readRegular(file, MOST_BODY_BYTES, "an IMA policy").toString("utf8");
}
