/**
 * What proves that a log has two histories, beside the copy of it: `fork-1`, the checkpoint that was known or is shown here; `fork-2` and
 * more, those that contradict it; and `fork-2-proof`, without which checkpoints of two sizes contradict nothing. What comes later, since
 * these did not prove it yet, has the next numbers. While they lie there, the log is not trusted, whatever it shows.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LogError } from "@isoline/log/error";
import { contradict, type Divergence, divergence, formatDivergence, parseDivergence } from "@isoline/log/mirror";
import { type Checkpoint, parseCheckpoint, parseNote } from "@isoline/log/note";
import type { FetchTile } from "@isoline/log/tiles";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";
import { writeDurably } from "../store/output.ts";

const NAME = /^fork-(\d{1,9})(-proof)?$/;
const MOST_BYTES = 2 ** 20;

export interface Contradiction {
  readonly checkpoint: string;
  /** Undefined where the log withholds it now. */
  readonly shownBy: Divergence | undefined;
}

/** The files that are to prove a fork, by name; none where none was found. */
export const forkIn = (state: string): readonly string[] =>
  (existsSync(state) ? readdirSync(state) : []).filter((name) => NAME.test(name)).sort();

/** Whether the files prove the fork to a party that has nothing else: two checkpoints, and what shows that no log has both. */
export function isForkProven(state: string): boolean {
  const { checkpoints, proofs } = keptIn(state);
  const shown = [undefined, ...[...proofs.values()].map(parseDivergence)];
  return pairsOf(checkpoints).some(([[, one], [, other]]) => shown.some((shownBy) => contradict(one, other, shownBy)));
}

/**
 * Keeps what proves a fork, the proofs last, so that one which is there has its checkpoints. What was found before stays as it is: it is
 * enough where it proves the fork, and what is missing is added where it does not. Returns the names of the files.
 */
export function keepFork(state: string, known: string, against: readonly Contradiction[]): readonly string[] {
  if (!isForkProven(state)) for (const [name, text] of missing(keptIn(state), known, against)) write(state, name, text);
  return forkIn(state);
}

/** Looks for what shows that the kept checkpoints contradict each other, where that was withheld when the log was caught. */
export async function proveFork(state: string, sources: readonly FetchTile[]): Promise<void> {
  if (forkIn(state).length === 0 || isForkProven(state)) return;
  const { checkpoints, proofs } = keptIn(state);
  for (const [[number, one], [later, other]] of pairsOf(checkpoints))
    for (const source of sources) {
      const [before, after] = one.size < other.size ? [one, other] : [other, one];
      // A log that does not answer leaves it as it was.
      const shownBy = await divergence(source, before, after).catch(() => undefined);
      const free = [later, number].find((each) => !proofs.has(each));
      if (shownBy === undefined || free === undefined) continue;
      return write(state, `fork-${free}-proof`, formatDivergence(shownBy));
    }
}

/** By the numbers in their names. */
interface Kept {
  readonly checkpoints: ReadonlyMap<number, string>;
  readonly proofs: ReadonlyMap<number, string>;
}

function keptIn(state: string): Kept {
  const [checkpoints, proofs] = [new Map<number, string>(), new Map<number, string>()];
  for (const name of forkIn(state)) {
    const [, number, proof] = NAME.exec(name) ?? [];
    (proof === undefined ? checkpoints : proofs).set(Number(number), textOf(join(state, name)));
  }
  return { checkpoints, proofs };
}

/** What cannot be read proves nothing. */
function textOf(file: string): string {
  try {
    return readRegular(file, MOST_BYTES, "a checkpoint or a proof").toString("utf8");
  } catch (fault) {
    if (fault instanceof CliError) return "";
    throw fault;
  }
}

type Numbered = readonly [number, Checkpoint];

function pairsOf(checkpoints: ReadonlyMap<number, string>): readonly (readonly [Numbered, Numbered])[] {
  const heads = [...checkpoints].flatMap(([number, text]): Numbered[] => {
    try {
      return [[number, parseCheckpoint(parseNote(text))]];
    } catch (fault) {
      if (fault instanceof LogError) return [];
      throw fault;
    }
  });
  return heads.flatMap((one, at) => heads.slice(at + 1).map((other) => [one, other] as const));
}

/** The files that are not there yet. No file that is there is written over: what it has may be found nowhere else. */
function missing(kept: Kept, known: string, against: readonly Contradiction[]): readonly (readonly [string, string])[] {
  // Else a log that withholds the proof each time would have the copy grow with each call.
  if (kept.checkpoints.size > 1 && against.every(({ shownBy }) => shownBy === undefined)) return [];
  const [checkpoints, proofs] = [new Map(kept.checkpoints), new Map(kept.proofs)];
  const take = (text: string, proof: string | undefined, from: number): void => {
    const fits = (number: number) => {
      const [there, shown] = [checkpoints.get(number), proofs.get(number)];
      if (proof === undefined) return there === text || (there === undefined && shown === undefined);
      return (there ?? text) === text && (shown ?? proof) === proof;
    };
    let number = from;
    while (!fits(number)) number++;
    checkpoints.set(number, text);
    if (proof !== undefined) proofs.set(number, proof);
  };
  take(known, undefined, 1);
  for (const { checkpoint, shownBy } of against) {
    // Two checkpoints of one size need nothing beside them.
    const needsProof = shownBy !== undefined && shownBy.proof.length > 0;
    take(checkpoint, needsProof ? formatDivergence(shownBy) : undefined, 2);
  }
  const added = (all: ReadonlyMap<number, string>, before: ReadonlyMap<number, string>, suffix: string) =>
    [...all]
      .filter(([number]) => !before.has(number))
      .map(([number, text]) => [`fork-${number}${suffix}`, text] as const);
  return [...added(checkpoints, kept.checkpoints, ""), ...added(proofs, kept.proofs, "-proof")];
}

const write = (state: string, name: string, text: string): void => writeDurably(join(state, name), [text]);
