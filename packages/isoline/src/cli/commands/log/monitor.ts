/**
 * `isoline log monitor`: keeps a copy of a log, finds out whether it takes anything back or shows its witnesses another history, and what a
 * fleet should not have stated.
 */
import { type Followed, Fork, Mirror } from "@isoline/log/mirror";
import { formatNote } from "@isoline/log/note";
import { compareAgain, compareWitnesses, type Comparison, isAgainst } from "@isoline/log/witness";
import { readTrustedKey } from "../../../store/signature/keys.ts";
import { examine } from "../../../transparency/examine.ts";
import { type Contradiction, forkIn, isForkProven, keepFork, proveFork } from "../../../transparency/fork.ts";
import { openStore, readPolicyFile, sourceOf } from "../../../transparency/places.ts";
import { ReviewedContours } from "../../../transparency/review.ts";
import { status } from "../../ending.ts";
import { note, OutputClosed, printJson, printLine } from "../../output/streams.ts";
import { counted, grouped, harmless } from "../../output/wording.ts";
import { refuse } from "../../refusal.ts";

export interface LogMonitorOptions {
  readonly policy: string;
  readonly state: string;
  readonly credentials?: string;
  readonly reviewer?: readonly string[];
  readonly contours?: string;
  readonly all?: boolean;
  /** For how long new entries are taken. */
  readonly minutes: number;
  readonly json?: boolean;
}

export async function logMonitor(place: string, options: LogMonitorOptions): Promise<number> {
  const distrust: Distrust = { isFounded: saysFork(options.state) };
  try {
    return await watch(place, options, distrust);
  } catch (fault) {
    if (!distrust.isFounded || fault instanceof OutputClosed) throw fault;
    // What speaks against the log stays said, whatever fails besides.
    refuse(fault, "log monitor");
    return status.offContour;
  }
}

/** Whether something speaks against the log: what was found before, or by now. */
interface Distrust {
  isFounded: boolean;
}

async function watch(place: string, options: LogMonitorOptions, distrust: Distrust): Promise<number> {
  const { policy, state, reviewer = [], contours, all = false, minutes, json, credentials } = options;
  const wasForked = distrust.isFounded;
  const review = new ReviewedContours(reviewer.map(readTrustedKey), contours);
  const store = openStore(state);
  try {
    const [source, counts] = [sourceOf(place, credentials), readPolicyFile(policy)];
    const mirror = new Mirror(store, counts, undefined, (what) => note(harmless(what)));
    const first = mirror.size;
    const end = Date.now() + minutes * 60_000;
    const say = onlyOnce();
    const doubted = new Set<string>();
    const round = async (): Promise<Round> => {
      const followed = await mirror.look(source);
      const { checkpoint } = followed;
      const found = await compareWitnesses(store, counts, checkpoint, source, mirror.size);
      // Before the entries, which may take long, or not come.
      const against = found.filter(isAgainst);
      if (against.length > 0) distrust.isFounded = true;
      for (const { witness, what, why } of against) {
        if (what !== "split") say(why);
        doubted.add(witness);
      }
      const isSplit = keepSplit(state, followed, found);
      let isTaken = true;
      const left = await mirror
        .take(source, () => Date.now() >= end)
        .catch((fault: unknown) => {
          if (against.length === 0) throw fault;
          isTaken = false;
          note(`entries are missing: ${harmless((fault as Error).message)}`);
          return checkpoint.size - mirror.size;
        });
      const compared = left > 0 || !isTaken ? found : await compareAgain(found, store, checkpoint);
      const later = compared.filter((one) => !found.includes(one));
      return { ...followed, compared, left, isSplit: keepSplit(state, followed, later) || isSplit };
    };
    const { checkpoint, compared, left } = await latest(await round(), round);
    distrust.isFounded = wasForked || compared.some(isAgainst);
    for (const { witness, what, why } of compared) {
      if (what === "agrees" && doubted.has(witness)) say(`${why}, as is proven by now`);
      if (what !== "agrees" && what !== "split") say(why);
    }
    if (wasForked) await proveFork(state, [store.read, source]);
    const { origin } = checkpoint;
    const { size } = mirror;
    const added = size - first;
    const witnesses = checkpoint.witnesses.map(({ key }) => key.name);
    const looking = { size, isWhole: left === 0, all, now: Date.now() };
    const { findings, earlier, perhapsSaid, remember } = examine(store, review, looking);
    if (json) {
      const others = compared.map(({ witness, what, size: signed, why }) => ({ witness, what, size: signed, why }));
      printJson({ origin, size, first, new: added, left, witnesses, asked: others, findings, earlier });
    } else {
      printLine(
        `${harmless(origin)}: ${grouped(size)} ${size === 1 ? "entry" : "entries"}, ${added} new, seen by ${witnesses.map(harmless).join(" and ") || "no witness"}`,
      );
      for (const { kind, entry, why } of findings) printLine(`entry ${entry}: ${kind}: ${harmless(why)}`);
      if (earlier > 0) note(`${counted(earlier, "finding")} said before; --all says them again`);
    }
    if (perhapsSaid > 0)
      note(
        `${counted(perhapsSaid, "finding")} in entries that an earlier isoline examined, which did not keep what it said: they may have ` +
          "been said before, and are not said again",
      );
    if (left > 0)
      note(`${grouped(left)} of the log's entries are not taken yet: call again, it goes on behind the others`);
    remember();
    const unfit = left > 0 ? undefined : await mirror.unfit(source);
    if (unfit !== undefined) note(harmless(unfit));
    if (findings.length > 0 || distrust.isFounded) return status.offContour;
    if (unfit !== undefined) return status.failure;
    return left === 0 ? status.success : status.incomplete;
  } catch (fault) {
    if (!(fault instanceof Fork)) throw fault;
    distrust.isFounded = true;
    const [known, checkpoint] = fault.checkpoints;
    note(harmless(fault.message));
    sayKept(state, keepFork(state, known, [{ checkpoint, shownBy: fault.divergence }]));
    return status.offContour;
  } finally {
    await store.close();
  }
}

/** Says each line once, though the witnesses are compared again. */
function onlyOnce(): (why: string) => void {
  const said = new Set<string>();
  return (why) => {
    if (!said.has(why)) note(harmless(why));
    said.add(why);
  };
}

/** What the log shows, and what its witnesses signed. */
interface Round extends Followed {
  readonly compared: readonly Comparison[];
  /** How many entries were not taken yet. */
  readonly left: number;
  readonly isSplit: boolean;
}

/**
 * Asks again where a witness signed more than the log shows: what it signed while the entries were taken, an honest log shows by now. A
 * log that gives no good answer this time does not undo what was found; and what is split stays so, and needs no second answer.
 */
async function latest(asked: Round, round: () => Promise<Round>): Promise<Round> {
  const { checkpoint, compared, left, isSplit } = asked;
  const isAhead = compared.some(({ size = 0 }) => size > checkpoint.size);
  if (!isAhead || left > 0 || isSplit) return asked;
  try {
    return await round();
  } catch (fault) {
    if (fault instanceof Fork) throw fault;
    note(`what the log shows by now is not known: ${harmless((fault as Error).message)}`);
    return asked;
  }
}

/** Says each split view, and keeps what proves it; false where none was found. */
function keepSplit(state: string, { checkpoint }: Followed, compared: readonly Comparison[]): boolean {
  const split = compared.filter(({ what }) => what === "split");
  if (split.length === 0) return false;
  for (const { why } of split) note(harmless(why));
  const against = split.map(({ checkpoint: signed = "", shownBy }): Contradiction => ({ checkpoint: signed, shownBy }));
  sayKept(state, keepFork(state, formatNote(checkpoint.note), against));
  return true;
}

function sayKept(state: string, files: readonly string[]): void {
  const names = `${harmless(state)}: ${files.map(harmless).join(" and ")}`;
  note(
    isForkProven(state)
      ? `the checkpoints that prove it are in ${names}`
      : `what was found of it is in ${names}; the log withholds the hashes without which these do not prove it, and is asked again`,
  );
}

/** A log that shows its first history again is not what it was. */
function saysFork(state: string): boolean {
  const files = forkIn(state);
  if (files.length > 0)
    note(
      `this log was found to have two histories, and ${files.map(harmless).join(" and ")} in ${harmless(state)} ` +
        `${isForkProven(state) ? "prove it" : "do not prove it alone yet"}: distrust the log, and move these files away only when you ` +
        "trust it again",
    );
  return files.length > 0;
}
