/** What a proof proves (RFC 9162, 2.1.3.2 and 2.1.4.2). Nothing of a proof is believed before it leads to the root. */
import { LogError } from "../error.ts";
import { EMPTY_ROOT, innerHash, sameHash } from "./hash.ts";

/** A tree by its size and its root, as a checkpoint names it. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Refuses unless the leaf stands at this index of the tree. */
export function assertIncluded(leaf: Uint8Array, index: number, tree: TreeHead, proof: readonly Uint8Array[]): void {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < tree.size))
    throw wrong(`entry ${index} cannot be in a tree of ${tree.size}`);
  let [place, last, hash] = [index, tree.size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) throw wrong("it is longer than the tree is high");
    if (place % 2 === 1 || place === last) {
      hash = innerHash(sibling, hash);
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else hash = innerHash(hash, sibling);
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw wrong("it is shorter than the tree is high");
  if (!sameHash(hash, tree.root)) throw wrong("it leads to another root");
}

/** Refuses unless the smaller tree is the beginning of the larger one. */
export function assertConsistent(before: TreeHead, after: TreeHead, proof: readonly Uint8Array[]): void {
  if (before.size > after.size) throw wrong(`a log of ${before.size} entries cannot become one of ${after.size}`);
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
  for (const sibling of rest) {
    if (last === 0) throw wrong("it is longer than the tree is high");
    if (place % 2 === 1 || place === last) {
      [old, grown] = [innerHash(sibling, old), innerHash(sibling, grown)];
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else grown = innerHash(grown, sibling);
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw wrong("it is shorter than the tree is high");
  if (!sameHash(old, before.root)) throw wrong("it does not begin with the tree that was known");
  if (!sameHash(grown, after.root)) throw wrong("it leads to another root");
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
