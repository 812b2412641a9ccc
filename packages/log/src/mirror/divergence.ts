/** Whether one tree begins with another one, and what shows that it does not. */
import { LogError } from "../error.ts";
import { fromBase64 } from "../note/index.ts";
import { fetchConsistency, fetchNodes, type FetchTile } from "../tiles/index.ts";
import { assertConsistent, rootOf, sameHash, type TreeHead } from "../tree/index.ts";

/** Why no log has both of two trees: the first entries of the larger one, as many as the smaller one has, have another root. */
export interface Divergence {
  readonly size: number;
  /** Of the first `size` entries of the larger tree. */
  readonly root: Uint8Array;
  /** The consistency proof from these to the larger tree (RFC 6962, 2.1.2). Empty where both trees have one size. */
  readonly proof: readonly Uint8Array[];
}

/**
 * Undefined if the larger of two trees begins with the smaller one. Refuses with `broken-log` where the log has not what proves either: it
 * is missing, or damaged, so that it does not lead to the larger tree. Only a proof that does shows that the log forked.
 */
export async function divergence(fetch: FetchTile, before: TreeHead, after: TreeHead): Promise<Divergence | undefined> {
  const { size } = before;
  const proof = await fetchConsistency(fetch, size, after.size);
  if (isProven(before, after, proof)) return undefined;
  if (size === after.size) return { size, root: after.root, proof: [] };
  const nodes = await fetchNodes(fetch, after.size, (unknown) => rootOf(unknown, size));
  const root = rootOf(nodes, size);
  if (!sameHash(root, before.root) && isProven({ size, root }, after, proof)) return { size, root, proof };
  throw new LogError(
    "broken-log",
    `the hashes over the first ${size} entries do not lead to the ${after.size} that the log has signed for; fetch them again, and ` +
      "distrust the log if that stays",
  );
}

/** Whether the larger of two trees begins with the smaller one. Refuses as `divergence` does. */
export async function isContinued(fetch: FetchTile, before: TreeHead, after: TreeHead): Promise<boolean> {
  return (await divergence(fetch, before, after)) === undefined;
}

/** `old SIZE`, the root of the first so many entries of the larger tree, and the proof; each hash in base64 on a line of its own. */
export function formatDivergence({ size, root, proof }: Divergence): string {
  const lines = [root, ...proof].map((hash) => Buffer.from(hash).toString("base64"));
  return `old ${size}\n${lines.join("\n")}\n`;
}

/** What `formatDivergence` made; undefined of another text. */
export function parseDivergence(text: string): Divergence | undefined {
  const [, digits, body = ""] = /^old (0|[1-9]\d{0,15})\n((?:[^\n]+\n)+)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const [root, ...proof] = body.split("\n").slice(0, -1).map(fromBase64);
  if (root === undefined || !proof.every((hash) => hash !== undefined)) return undefined;
  return { size: Number(digits), root, proof };
}

/** Whether no log has both of two trees: by themselves if they have one size, else by what shows it. */
export function contradict(one: TreeHead, other: TreeHead, shownBy: Divergence | undefined): boolean {
  if (one.size === other.size) return !sameHash(one.root, other.root);
  const [before, after] = one.size < other.size ? [one, other] : [other, one];
  if (shownBy === undefined || shownBy.size !== before.size || sameHash(shownBy.root, before.root)) return false;
  return isProven(shownBy, after, shownBy.proof);
}

function isProven(before: TreeHead, after: TreeHead, proof: readonly Uint8Array[]): boolean {
  try {
    assertConsistent(before, after, proof);
    return true;
  } catch (fault) {
    if (fault instanceof LogError) return false;
    throw fault;
  }
}
