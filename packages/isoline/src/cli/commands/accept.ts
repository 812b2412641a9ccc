/** `isoline accept`: departures become points of the contour, without running anything again. */
import { causesOf } from "@isoline/core/engine";
import { accept as acceptAll } from "../../library/amend/accept.ts";
import { sayAccepted } from "../amend/outcome.ts";
import { departedFrom, isLive } from "../amend/source.ts";
import { walk } from "../amend/walk.ts";
import { status } from "../ending.ts";
import { isTerminal, note } from "../output/streams.ts";
import { usage } from "../refusal.ts";

export interface AcceptOptions {
  readonly only?: readonly string[];
  readonly interactive?: boolean;
  readonly reason?: string;
  readonly quiet?: boolean;
}

const STDIN = 0;

/** 0, or 4 where something that was to be accepted had not been observed whole. */
export async function accept(file: string, source: string, options: AcceptOptions): Promise<number> {
  const { only, interactive = false, reason, quiet = false } = options;
  if (interactive && !isTerminal(STDIN)) throw usage("-i asks at a terminal, and there is none; choose with --only");
  const departed = await departedFrom(source);
  const choose = interactive ? { choose: (all: Parameters<typeof causesOf>[0]) => walk(causesOf(all as never)) } : {};
  const accepted = await acceptAll(file, departed, { ...(only ? { only } : {}), reason, ...choose });
  if (!quiet) sayAccepted(file, accepted);
  if (!quiet && departed.departures.length === 0) note(`${source} has no departures`);
  if (!quiet && accepted.added.length > 0 && (await isLive(source)))
    note(`${source} goes on under the contour that it began with; to widen that: isoline amend ${source} ${file}`);
  return accepted.open.length > 0 ? status.incomplete : status.success;
}
