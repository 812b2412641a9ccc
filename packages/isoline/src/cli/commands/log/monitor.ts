/**
 * `isoline log monitor`: keeps a copy of a log, finds out whether it takes anything back or shows its witnesses another history, and what a
 * fleet should not have stated.
 */
import { join } from "node:path";
import { type Followed, Fork, Mirror } from "@isoline/log/mirror";
import { formatNote } from "@isoline/log/note";
import { compareWitnesses, type Comparison, isAgainst } from "@isoline/log/witness";
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
    const [source, counts] = [sourceOf(place, credentials), readPolicyFile(policy)];
    const mirror = new Mirror(store, counts);
    const round = async (): Promise<Round> => {
      const followed = await mirror.follow(source);
      return { ...followed, compared: await compareWitnesses(store, counts, followed.checkpoint, source) };
    };
    const asked = await round();
    const { first } = asked;
    const { checkpoint, compared } = await latest(asked, round);
    const against = compared.filter(isAgainst);
    const split = against.flatMap(({ what, checkpoint: signed }) => (what === "split" ? [signed ?? ""] : []));
    for (const { what, why } of compared) if (what !== "agrees") note(harmless(why));
    if (split.length > 0) keepFork(state, [formatNote(checkpoint.note), ...split]);
    const { origin, size } = checkpoint;
    const added = size - first;
    const witnesses = checkpoint.witnesses.map(({ key }) => key.name);
    const { findings, earlier } = examine(store, size, review, all, Date.now());
    if (json) {
      const others = compared.map(({ witness, what, size: signed, why }) => ({ witness, what, size: signed, why }));
      printJson({ origin, size, first, new: added, witnesses, asked: others, findings, earlier });
    } else {
      printLine(
        `${harmless(origin)}: ${grouped(size)} ${size === 1 ? "entry" : "entries"}, ${added} new, seen by ${witnesses.map(harmless).join(" and ") || "no witness"}`,
      );
      for (const { kind, entry, why } of findings) printLine(`entry ${entry}: ${kind}: ${harmless(why)}`);
      if (earlier > 0)
        note(`${counted(earlier, "finding")} in entries that were examined before; --all says them again`);
    }
    remember(store, size);
    return findings.length === 0 && against.length === 0 ? status.success : status.offContour;
  } catch (fault) {
    if (!(fault instanceof Fork)) throw fault;
    note(harmless(fault.message));
    keepFork(state, fault.checkpoints);
    return status.offContour;
  } finally {
    await store.close();
  }
}

/** What the log shows, and what its witnesses signed. */
interface Round extends Followed {
  readonly compared: readonly Comparison[];
}

/**
 * Asks again where a witness signed more than the log shows: what it signed while the entries were taken, an honest log shows by now. A
 * log that gives no good answer this time does not undo what was found; and what is split stays so, and needs no second answer.
 */
async function latest(asked: Round, round: () => Promise<Round>): Promise<Round> {
  const { checkpoint, compared } = asked;
  const isAhead = compared.some(({ size = 0 }) => size > checkpoint.size);
  if (!isAhead || compared.some(({ what }) => what === "split")) return asked;
  try {
    return await round();
  } catch (fault) {
    if (fault instanceof Fork) throw fault;
    note(`what the log shows by now is not known: ${harmless((fault as Error).message)}`);
    return asked;
  }
}

/** Writes the checkpoints that prove a fork beside the copy: first the one that was known, or is shown here. */
function keepFork(state: string, checkpoints: readonly string[]): void {
  const names = checkpoints.map((_, at) => `fork-${at + 1}`);
  for (const [at, name] of names.entries()) writeDurably(join(state, name), [checkpoints[at] ?? ""]);
  note(`the checkpoints that prove it are in ${harmless(state)}: ${names.join(" and ")}`);
}
