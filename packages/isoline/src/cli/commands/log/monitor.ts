/** `isoline log monitor`: keeps a copy of a log, and finds out whether it takes anything back. */
import { join } from "node:path";
import { Fork, Mirror } from "@isoline/log/mirror";
import { writeDurably } from "../../../store/output.ts";
import { openStore, readPolicyFile, sourceOf } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { note, printJson, printLine } from "../../output/streams.ts";
import { grouped, harmless } from "../../output/wording.ts";

export interface LogMonitorOptions {
  readonly policy: string;
  readonly state: string;
  readonly json?: boolean;
}

export async function logMonitor(place: string, { policy, state, json }: LogMonitorOptions): Promise<number> {
  const store = openStore(state);
  try {
    const { checkpoint, first, entries } = await new Mirror(store, readPolicyFile(policy)).follow(sourceOf(place));
    const { origin, size } = checkpoint;
    const witnesses = checkpoint.witnesses.map(({ key }) => key.name);
    if (json) printJson({ origin, size, first, new: entries.length, witnesses });
    else
      printLine(
        `${harmless(origin)}: ${grouped(size)} entries, ${entries.length} new, seen by ${witnesses.map(harmless).join(" and ") || "no witness"}`,
      );
    return status.success;
  } catch (fault) {
    if (!(fault instanceof Fork)) throw fault;
    for (const [at, checkpoint] of fault.checkpoints.entries())
      writeDurably(join(state, `fork-${at + 1}`), [checkpoint]);
    note(harmless(fault.message));
    note(`both checkpoints are in ${harmless(state)}: fork-1 and fork-2`);
    return status.offContour;
  } finally {
    store.close();
  }
}
