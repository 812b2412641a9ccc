/** `isoline attach`: supervises a namespace again whose supervisor has ended. */
import { journalOf } from "@isoline/linux";
import { startRun } from "../../library/start.ts";
import { argumentText, commandText } from "../../namespace/command-text.ts";
import { writeLabel } from "../../namespace/label.ts";
import { type Beginning, planUnder } from "../../namespace/plan.ts";
import { status } from "../ending.ts";
import type { Invocation } from "../invocation.ts";
import { findOrphan } from "../live/orphans.ts";
import { usage } from "../refusal.ts";
import { deliverReport, type ReportOptions, reportOutput } from "../workload/finish.ts";
import { saySummaryOfRun } from "../workload/summary.ts";
import { supervise } from "../workload/supervise.ts";

export interface AttachOptions extends ReportOptions {
  readonly contour?: string;
  readonly quiet?: boolean;
}

/** Ends with the last process of the namespace. */
export async function attach(invocation: Invocation, name: string, options: AttachOptions): Promise<number> {
  const { quiet = false } = options;
  const [orphan, { directory, id, ...rest }] = findOrphan(name);
  const [first] = journalOf({ directory, id, ...rest });
  if (first === undefined)
    throw usage(`there is no record of ${orphan.name}, so it cannot be taken over; see isoline unpin`);
  const beginning = JSON.parse(first) as Beginning;
  const contour = options.contour ?? (beginning.mode === "learn" ? undefined : beginning.contour);
  if (contour === undefined)
    throw usage(
      `${orphan.name} was learning, and what it had learnt is lost; name a contour to continue with: --contour FILE`,
    );
  const output = reportOutput(options);
  const command = [Buffer.from(orphan.command)];
  const surroundings = {
    sensor: "bpf",
    label: writeLabel({ name: orphan.name, command: commandText(command) }),
    places: beginning.places,
    holdSeconds: beginning.holdSeconds,
    openFiles: undefined,
    adopt: { directory, id },
  } as const;
  const plan = planUnder(contour, surroundings, { enforce: orphan.refuses });
  const about = { contour, command: command.map(argumentText), learns: false };
  const { report } = await supervise(invocation, { command, contour, name: orphan.name, quiet }, (host, hooks) =>
    startRun(host, { plan, command, about }, hooks),
  );
  if (!quiet) saySummaryOfRun(report, contour);
  deliverReport(report, output, options);
  return status.success;
}
