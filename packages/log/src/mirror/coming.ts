/**
 * How far a copy has come towards a checkpoint whose entries it does not all have yet. It lies beside the copy's own checkpoint, so that
 * what was interrupted goes on where it was, and nothing that the log has signed for is forgotten meanwhile.
 *
 *   ORIGIN
 *   SIZE             of what the copy has
 *   BASE64( root )   of that
 *   (an empty line)
 *   the checkpoint, as the log showed it
 */
import { type Checkpoint, checkpointText, parseCheckpoint, parseNote } from "../note/index.ts";
import type { LogStore } from "../store/index.ts";

const COMING = "coming";
const END = "\n\n";

/** A checkpoint as it was shown, and what it says. */
export interface Seen extends Checkpoint {
  readonly shown: string;
}

export interface Coming {
  /** What the copy has: it was proven to be in the tree of the checkpoint. */
  readonly taken: Checkpoint;
  readonly checkpoint: Seen;
}

export function seenIn(shown: string): Seen {
  const { origin, size, root } = parseCheckpoint(parseNote(shown));
  return { origin, size, root, shown };
}

/** Undefined where the copy never took a checkpoint in parts. */
export function readComing(store: LogStore): Coming | undefined {
  const bytes = store.read(COMING);
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes).toString("utf8");
  const end = text.indexOf(END);
  const taken = parseCheckpoint({ text: text.slice(0, end + 1), signatures: [] });
  return { taken, checkpoint: seenIn(text.slice(end + END.length)) };
}

export function writeComing(store: LogStore, { taken, checkpoint }: Coming): void {
  store.write(COMING, Buffer.from(`${checkpointText(taken)}\n${checkpoint.shown}`));
  store.settle();
}
