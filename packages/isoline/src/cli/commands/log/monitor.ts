/** `isoline log monitor`: keeps a copy of a log, finds out whether it takes anything back, and what a fleet should not have stated. */
import { join } from "node:path";
import { Fork, Mirror } from "@isoline/log/mirror";
import { writeDurably } from "../../../store/output.ts";
import { readTrustedKey } from "../../../store/signature/keys.ts";
import { examine, remember } from "../../../transparency/examine.ts";
import { openStore, readPolicyFile, sourceOf } from "../../../transparency/places.ts";
import { ReviewedContours } from "../../../transparency/review.ts";
import { status } from "../../ending.ts";
import { note, printJson, printLine } from "../../output/streams.ts";
import { counted, grouped, harmless } from "../../output/wording.ts";

export interface LogMonitorOptions {
  readonly policy: string;
  readonly state: string;
  readonly credentials?: string;
  readonly reviewer?: readonly string[];
  readonly contours?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export async function logMonitor(place: string, options: LogMonitorOptions): Promise<number> {
  const { policy, state, reviewer = [], contours, all = false, json, credentials } = options;
  const review = new ReviewedContours(reviewer.map(readTrustedKey), contours);
  const store = openStore(state);
  try {
    const source = sourceOf(place, credentials);
    const { checkpoint, first } = await new Mirror(store, readPolicyFile(policy)).follow(source);
    const { origin, size } = checkpoint;
    const added = size - first;
    const witnesses = checkpoint.witnesses.map(({ key }) => key.name);
    const { findings, earlier } = examine(store, size, review, all, Date.now());
    if (json) printJson({ origin, size, first, new: added, witnesses, findings, earlier });
    else {
      printLine(
        `${harmless(origin)}: ${grouped(size)} ${size === 1 ? "entry" : "entries"}, ${added} new, seen by ${witnesses.map(harmless).join(" and ") || "no witness"}`,
      );
      for (const { kind, entry, why } of findings) printLine(`entry ${entry}: ${kind}: ${harmless(why)}`);
      if (earlier > 0)
        note(`${counted(earlier, "finding")} in entries that were examined before; --all says them again`);
    }
    remember(store, size);
    return findings.length === 0 ? status.success : status.offContour;
  } catch (fault) {
    if (!(fault instanceof Fork)) throw fault;
    for (const [at, checkpoint] of fault.checkpoints.entries())
      writeDurably(join(state, `fork-${at + 1}`), [checkpoint]);
    note(harmless(fault.message));
    note(`both checkpoints are in ${harmless(state)}: fork-1 and fork-2`);
    return status.offContour;
  } finally {
    await store.close();
  }
}
