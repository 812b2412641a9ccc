/** `isoline accept`: departures become points of the contour, without running anything again. */
import { causesOf } from "@isoline/core/engine";
import { type Accepted, accept as acceptAll } from "../../library/amend/accept.ts";
import { sayAccepted } from "../amend/outcome.ts";
import { departedFrom, isLive } from "../../library/amend/source.ts";
import { amendNamespace } from "../../library/amend.ts";
import { CliError } from "../../error.ts";
import { walk } from "../amend/walk.ts";
import { status } from "../ending.ts";
import { isTerminal, note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface AcceptOptions {
  readonly only?: readonly string[];
  readonly interactive?: boolean;
  readonly reason?: string;
  readonly quiet?: boolean;
}

const STDIN = 0;

/**
 * 0; 1 where there were departures to choose among and none was accepted; 4 where something that was to be accepted had not been observed
 * whole, or lacks the execution of its program.
 */
export async function accept(file: string, source: string, options: AcceptOptions): Promise<number> {
  const { only, interactive = false, reason, quiet = false } = options;
  if (interactive && !isTerminal(STDIN)) throw usage("-i asks at a terminal, and there is none; choose with --only");
  const departed = await departedFrom(source);
  const choose = interactive ? { choose: (all: Parameters<typeof causesOf>[0]) => walk(causesOf(all as never)) } : {};
  const accepted = await acceptAll(file, departed, { ...(only ? { only } : {}), reason, ...choose });
  if (!quiet) sayAccepted(file, accepted);
  if (!quiet && departed.departures.length === 0) note(`${harmless(source)} has no departures`);
  if (
    !quiet &&
    only !== undefined &&
    accepted.left > 0 &&
    accepted.left === departed.departures.length - accepted.already
  )
    note(`--only fits none of them; isoline departures ${harmless(source)} shows each act as --only takes it`);
  if (accepted.added.length > 0 && (await isLive(source))) await widen(file, source, accepted, quiet);
  return statusOf(accepted, interactive);
}

/** A person who was asked about each departure may decline all of them: that is no failure. */
function statusOf({ added, open, orphaned, left }: Accepted, interactive: boolean): number {
  if (open.length > 0) return status.incomplete;
  if (added.length === 0 && (orphaned.length > 0 || (left > 0 && !interactive))) return status.nothingFound;
  return orphaned.length > 0 ? status.incomplete : status.success;
}

/**
 * A live namespace goes on under what was accepted, if that is all by which the file differs from what it runs under. Otherwise it
 * would be widened by more than was asked for, so that is left to `isoline amend`.
 */
async function widen(path: string, name: string, { isCurrent, state }: Accepted, quiet: boolean): Promise<void> {
  const [file, source] = [harmless(path), harmless(name)];
  const later = `to widen that: isoline amend ${source} ${file}`;
  if (!isCurrent) {
    if (!quiet) note(`${source} goes on under an earlier state of ${file}, which has more by now; ${later}`);
    return;
  }
  try {
    const amended = await amendNamespace(name, path, state);
    if (quiet) return;
    note(`${source} goes on under it from now on; a process that lost its trust does not get it back`);
    for (const line of amended.untilRestart)
      note(`refused by the kernel's own rules until a restart: ${harmless(line)}`);
  } catch (fault) {
    if (!(fault instanceof CliError)) throw fault;
    if (!quiet) note(`${source} goes on under the contour that it began with (${harmless(fault.message)}); ${later}`);
  }
}
