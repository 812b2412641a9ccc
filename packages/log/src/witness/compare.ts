/**
 * What witnesses signed last, held against the copy of a monitor. Where one witness is enough, a log could show one tree to the monitor,
 * and another one to others, signed by another witness. Each of the two alone sees nothing wrong; both checkpoints together prove it.
 */
import { LogError } from "../error.ts";
import { type Divergence, divergence } from "../mirror/index.ts";
import { type Checkpoint, openCheckpoint, parseCheckpoint, parseNote, type VerifierKey } from "../note/index.ts";
import type { LogPolicy } from "../proof/index.ts";
import type { LogStore } from "../store/index.ts";
import type { FetchTile, ReadTile } from "../tiles/index.ts";
import { lastSigned } from "./ask.ts";
import { type KnownWitness, knownIn, notAsked, unasked, whyOf } from "./known.ts";

/** What one witness signed, beside what the log showed. */
export interface Comparison {
  readonly witness: string;
  /**
   * `agrees`: with the copy, or the first entries of it. `ahead`: the log proves that it continues the copy, and does not show it.
   * `unproven`: the log does not prove that. `split`: no tree has both. `silent`: it shows nothing that could be compared.
   */
  readonly what: "agrees" | "ahead" | "unproven" | "split" | "silent";
  /** What the witness signed, as it served it. */
  readonly checkpoint: string | undefined;
  readonly size: number | undefined;
  /** For `split`: what shows it, beside both checkpoints. */
  readonly shownBy: Divergence | undefined;
  /** One line: what, and what to do. */
  readonly why: string;
}

/**
 * Asks each witness of a policy. Where the copy in the store has not all that `shown` is about (`has` entries), the log is asked for what
 * proves the relation: so a log that has forked cannot hide it behind entries that take long. A checkpoint that is ahead of the copy, or
 * speaks against the log, is kept beside the copy. One that speaks against it is compared each time from then on, whatever the witness
 * serves later: a second history that is always longer than the one that is shown would never be caught otherwise.
 */
export async function compareWitnesses(
  store: LogStore,
  policy: LogPolicy,
  shown: Checkpoint,
  fetch: FetchTile,
  has: number,
): Promise<readonly Comparison[]> {
  const log = policy.logs.get(shown.origin) as VerifierKey;
  const known = knownIn(policy);
  const tiles = has >= shown.size ? store.read : undefined;
  const answers = await Promise.allSettled(known.map((witness) => lastSigned(witness, log)));
  const found: Comparison[] = unasked(policy).map((key) => silent(key, notAsked(key)));
  for (const [at, answer] of answers.entries()) {
    const witness = known[at] as KnownWitness;
    const { key } = witness;
    const compare = (checkpoint: string) => compared(key.name, checkpoint, tiles, shown, fetch);
    const held = heldOf(store, log, key);
    const before = held === undefined ? undefined : await compare(held);
    const isHeld = before !== undefined && isAgainst(before);
    const signed = answer.status === "fulfilled" ? answer.value : undefined;
    if (before !== undefined && (isHeld || signed === held)) found.push(before);
    if (answer.status === "rejected") found.push(silent(key, whyOf(answer.reason, witness)));
    else if (answer.value !== held) {
      // Before the log is asked for the proof: it could make the monitor wait until it is ended.
      if (!isHeld && sizeOf(answer.value) > shown.size) hold(store, key, answer.value);
      const now = await compare(answer.value);
      if (!isHeld && isAgainst(now)) hold(store, key, answer.value);
      found.push(now);
    }
  }
  return found;
}

/** Compares again, now that the copy has all that `shown` is about, what the log did not prove of it before. */
export function compareAgain(
  found: readonly Comparison[],
  store: LogStore,
  shown: Checkpoint,
): Promise<readonly Comparison[]> {
  return Promise.all(
    found.map(async (one) => {
      const { witness, what, checkpoint, size = 0 } = one;
      if (what !== "unproven" || checkpoint === undefined || size > shown.size) return one;
      return compared(witness, checkpoint, store.read, shown, store.read);
    }),
  );
}

/** Whether it speaks against the log. */
export const isAgainst = ({ what }: Comparison): boolean => what === "split" || what === "unproven";

/** `tiles`: those of a copy that has all that `shown` is about. */
async function compared(
  witness: string,
  checkpoint: string,
  tiles: ReadTile | undefined,
  shown: Checkpoint,
  fetch: FetchTile,
): Promise<Comparison> {
  const signed = parseCheckpoint(parseNote(checkpoint));
  const { what, lost = "", shownBy } = await relation(signed, tiles, shown, fetch);
  const why = sentences[what](witness, signed, shown, lost);
  return { witness, what, checkpoint, size: signed.size, shownBy, why };
}

interface Relation {
  readonly what: "agrees" | "ahead" | "unproven" | "split";
  /** Why an answer of the log did not come, in parentheses. */
  readonly lost?: string;
  readonly shownBy?: Divergence | undefined;
}

async function relation(
  signed: Checkpoint,
  tiles: ReadTile | undefined,
  shown: Checkpoint,
  fetch: FetchTile,
): Promise<Relation> {
  const isAhead = signed.size > shown.size;
  const [before, after] = isAhead ? [shown, signed] : [signed, shown];
  const split = (shownBy: Divergence | undefined): Relation =>
    shownBy === undefined ? { what: isAhead ? "ahead" : "agrees" } : { what: "split", shownBy };
  // A copy that is damaged is no answer of the log.
  if (!isAhead && tiles !== undefined) return split(await divergence(tiles, before, after));
  try {
    return split(await divergence(answering(fetch), before, after));
  } catch (fault) {
    if (fault instanceof Unanswered) return { what: "unproven", lost: ` (${fault.message})` };
    if (fault instanceof LogError && fault.code === "broken-log") return { what: "unproven" };
    throw fault;
  }
}

/** The log, or what is between, gave no answer. */
class Unanswered extends Error {}

/** What a log answers with an error is missing from its proof, as what it says that it has not: no answer is no way not to be compared. */
const answering =
  (fetch: FetchTile): FetchTile =>
  async (path) => {
    try {
      return await fetch(path);
    } catch (fault) {
      throw new Unanswered((fault as Error).message, { cause: fault });
    }
  };

type Sentence = (witness: string, signed: Checkpoint, shown: Checkpoint, lost: string) => string;

const sentences: Readonly<Record<Relation["what"], Sentence>> = {
  agrees: (witness, { size }) => `the witness ${witness} signed the first ${size} entries`,
  ahead: (witness, signed, shown) =>
    `the witness ${witness} signed for ${signed.size} entries, and the log shows the first ${shown.size} of them: it is about to show ` +
    "the others, or withholds them; ask again, and ask its publisher if that stays",
  unproven: (witness, signed, shown, lost) =>
    signed.size <= shown.size
      ? `the witness ${witness} signed for ${signed.size} entries, and the log does not prove that they are the first of the ${shown.size} ` +
        `that it shows${lost}: it hides what it signed, or has a second history; ask again, and distrust the log if that stays`
      : `the witness ${witness} signed for ${signed.size} entries, and the log does not prove that they continue the ${shown.size} that it ` +
        `shows${lost}: it hides what it signed, or has a second history; ask again, and distrust the log if that stays`,
  split: (witness, signed, shown) =>
    `split view: the log signed ${treeOf(shown)}, which it shows here, and ${treeOf(signed)}, which the witness ${witness} has: no log ` +
    "has both; keep both checkpoints, and distrust the log",
};

const treeOf = ({ size, root }: Checkpoint): string =>
  `${size} entries with root ${Buffer.from(root).toString("base64")}`;

const silent = ({ name }: VerifierKey, why: string): Comparison => ({
  ...{ witness: name, what: "silent", checkpoint: undefined, size: undefined, shownBy: undefined },
  why,
});

const sizeOf = (checkpoint: string): number => parseCheckpoint(parseNote(checkpoint)).size;

const heldAt = ({ id }: VerifierKey): string => `against-${id}`;

/** What is held of a witness; undefined also where the policy has other keys by now. */
function heldOf(store: LogStore, log: VerifierKey, key: VerifierKey): string | undefined {
  const bytes = store.read(heldAt(key));
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes).toString("utf8");
  try {
    return openCheckpoint(text, log, [key]).witnesses.length > 0 ? text : undefined;
  } catch (fault) {
    if (fault instanceof LogError) return undefined;
    throw fault;
  }
}

function hold(store: LogStore, key: VerifierKey, checkpoint: string): void {
  store.write(heldAt(key), Buffer.from(checkpoint));
  store.settle();
}
