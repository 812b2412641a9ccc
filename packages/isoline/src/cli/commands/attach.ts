/** `isoline attach`: supervises a namespace again whose supervisor has ended. */
import { journalOf, type PinnedNamespace } from "@isoline/linux";
import { goOnWithCanister } from "../../canister/taken-over.ts";
import { openControlDirectory, socketPath } from "../../control/place.ts";
import { CliError } from "../../error.ts";
import { startRun } from "../../library/start.ts";
import { planToTakeOver, readBeginning } from "../../namespace/beginning.ts";
import { argumentText, commandText } from "../../namespace/command-text.ts";
import { writeLabel } from "../../namespace/label.ts";
import { status } from "../ending.ts";
import type { Invocation } from "../invocation.ts";
import { findOrphan } from "../live/orphans.ts";
import { note } from "../output/streams.ts";
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
  const [orphan, pinned] = findOrphan(name);
  const command = [Buffer.from(orphan.command)];
  const label = writeLabel({ name: orphan.name, command: commandText(command) });
  const plan = planOf(pinned, orphan.name, { label, contour: options.contour });
  const { contour } = plan;
  const output = reportOutput(options);
  const about = { contour, command: command.map(argumentText), learns: false };
  let goesOn: ReturnType<typeof goOnWithCanister> | undefined;
  const { report } = await supervise(
    invocation,
    { command, contour, name: orphan.name, quiet },
    async (host, hooks) => {
      const started = await startRun(host, { plan, command, about }, hooks);
      const { canister } = plan.places;
      if (canister !== undefined) {
        const socket = () => socketPath(openControlDirectory(), orphan.name);
        goesOn = goOnWithCanister({ id: canister.id, contour, socket }, note);
      }
      return started;
    },
  );
  await goesOn?.ended(report);
  if (!quiet) saySummaryOfRun(report, contour);
  deliverReport(report, output, options);
  return status.success;
}

/** What cannot be taken over in this way can be in another: the command line is at fault. */
function planOf(pinned: PinnedNamespace, name: string, under: Parameters<typeof planToTakeOver>[2]) {
  try {
    return planToTakeOver(pinned, readBeginning(journalOf(pinned)), under);
  } catch (fault) {
    throw fault instanceof CliError ? usage(`${name}: ${fault.message}`) : fault;
  }
}
