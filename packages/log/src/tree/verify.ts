/** What a proof proves (RFC 9162, 2.1.3.2 and 2.1.4.2). Nothing of a proof is believed before it leads to the root. */
import { sidesOfPath } from "@isoline/core/verify";
import { LogError } from "../error.ts";
import { EMPTY_ROOT, HASH_BYTES, innerHash, sameHash } from "./hash.ts";

/** A tree by its size and its root, as a checkpoint names it. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Refuses unless the leaf stands at this index of the tree. */
export function assertIncluded(leaf: Uint8Array, index: number, tree: TreeHead, proof: readonly Uint8Array[]): void {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < tree.size))
    throw wrong(`entry ${index} cannot be in a tree of ${tree.size}`);
  assertHashes(leaf, tree.root);
  let hash = leaf;
  for (const [side, sibling] of along(proof, index, tree.size - 1))
    hash = side === "left" ? innerHash(sibling, hash) : innerHash(hash, sibling);
  if (!sameHash(hash, tree.root)) throw wrong("it leads to another root");
}

/** Refuses unless the smaller tree is the beginning of the larger one. */
export function assertConsistent(before: TreeHead, after: TreeHead, proof: readonly Uint8Array[]): void {
  if (before.size > after.size) throw wrong(`a log of ${before.size} entries cannot become one of ${after.size}`);
  assertHashes(before.root, after.root);
  for (const { size, root } of [before, after])
    if (size === 0 && !sameHash(root, EMPTY_ROOT)) throw wrong("the root of a tree without entries is another");
  if (before.size === after.size && !sameHash(before.root, after.root))
    throw wrong(`there are two trees of ${before.size} entries`);
  if (before.size === 0 || before.size === after.size) {
    if (proof.length > 0) throw wrong("nothing is to be proven, and it is not empty");
    return;
  }
  assertGrown(before, after, proof);
}

function assertGrown(before: TreeHead, after: TreeHead, proof: readonly Uint8Array[]): void {
  const [first, ...rest] = isPower(before.size) ? [before.root, ...proof] : proof;
  if (first === undefined || proof.length === 0) throw wrong("it is empty");
  let [place, last] = [before.size - 1, after.size - 1];
  while (place % 2 === 1) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  let [old, grown] = [first, first];
  for (const [side, sibling] of along(rest, place, last)) {
    if (side === "left") old = innerHash(sibling, old);
    grown = side === "left" ? innerHash(sibling, grown) : innerHash(grown, sibling);
  }
  if (!sameHash(old, before.root)) throw wrong("it does not begin with the tree that was known");
  if (!sameHash(grown, after.root)) throw wrong("it leads to another root");
}

/** Each sibling with the side that it stands on. */
function along(siblings: readonly Uint8Array[], place: number, last: number) {
  const sides = sidesOfPath(place, last, siblings.length);
  if (sides === "too long") throw wrong("it is longer than the tree is high");
  if (sides === "too short") throw wrong("it is shorter than the tree is high");
  return siblings.map((sibling, at) => [sides[at], sibling] as const);
}

/** Two roots that are no hashes could be the same. */
function assertHashes(...hashes: readonly Uint8Array[]): void {
  const odd = hashes.find(({ length }) => length !== HASH_BYTES);
  if (odd !== undefined) throw wrong(`a hash has ${HASH_BYTES} bytes, and one of these ${odd.length}`);
}

function isPower(size: number): boolean {
  let power = 1;
  while (power < size) power *= 2;
  return power === size;
}

function wrong(why: string): LogError {
  return new LogError(
    "bad-proof",
    `this proof proves nothing: ${why}; fetch it again, and distrust the log if it stays so`,
  );
}
