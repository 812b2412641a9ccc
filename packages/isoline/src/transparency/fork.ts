/**
 * What proves that a log has two histories, beside the copy of it: `fork-1`, the checkpoint that was known or is shown here; `fork-2` and
 * more, those that contradict it; and `fork-2-proof`, without which checkpoints of two sizes contradict nothing. While they lie there, the
 * log is not trusted, whatever it shows.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Divergence, formatDivergence } from "@isoline/log/mirror";
import { writeDurably } from "../store/output.ts";

export interface Contradiction {
  readonly checkpoint: string;
  /** Undefined where the log withholds it now. */
  readonly shownBy: Divergence | undefined;
}

/** The files that prove a fork, by name; none where none was found. */
export const forkIn = (state: string): readonly string[] =>
  readdirSync(state)
    .filter((name) => /^fork-\d+(?:-proof)?$/.test(name))
    .sort();

/** Keeps what proves a fork; what was found before stays as it is, since one contradiction is enough. Returns the names of the files. */
export function keepFork(state: string, known: string, against: readonly Contradiction[]): readonly string[] {
  const before = forkIn(state);
  if (before.length > 0) return before;
  const files = against.flatMap(({ checkpoint, shownBy }, at): [string, string][] => {
    const name = `fork-${at + 2}`;
    // Two checkpoints of one size need nothing beside them.
    const needsProof = shownBy !== undefined && shownBy.proof.length > 0;
    const proof: [string, string][] = needsProof ? [[`${name}-proof`, formatDivergence(shownBy)]] : [];
    return [...proof, [name, checkpoint]];
  });
  for (const [name, text] of [...files, ["fork-1", known] as const]) writeDurably(join(state, name), [text]);
  return forkIn(state);
}
