/**
 * Roots and proofs of a tree, made from the hashes of its whole subtrees (RFC 6962, 2.1).
 *
 * A whole subtree has 2^height leaves and begins at a multiple of that. `Nodes` gives the hash of one; nothing else of the tree is
 * needed. Sizes and indexes are below 2^53.
 */
import { LogError } from "../error.ts";
import { EMPTY_ROOT, innerHash } from "./hash.ts";

/** The hash over the leaves `place · 2^height` to `(place + 1) · 2^height`. */
export type Nodes = (height: number, place: number) => Uint8Array;

/** The root of the tree of the first `size` leaves. */
export function rootOf(nodes: Nodes, size: number): Uint8Array {
  return size === 0 ? EMPTY_ROOT : rangeHash(nodes, 0, size);
}

/** The audit path of a leaf, from its sibling up (RFC 6962, 2.1.1). */
export function inclusionProof(nodes: Nodes, index: number, size: number): Uint8Array[] {
  if (!(index >= 0 && index < size)) throw unasked(`entry ${index} is not in a tree of ${size}`);
  return path(nodes, index, 0, size);
}

/** The proof that the first `before` leaves of a tree are those of the smaller one (RFC 6962, 2.1.2). */
export function consistencyProof(nodes: Nodes, before: number, size: number): Uint8Array[] {
  if (!(before >= 0 && before <= size)) throw unasked(`a tree of ${size} does not continue one of ${before}`);
  return before === 0 || before === size ? [] : subproof(nodes, before, 0, size, true);
}

function path(nodes: Nodes, index: number, from: number, to: number): Uint8Array[] {
  if (to - from === 1) return [];
  const middle = from + splitOf(to - from);
  return index < middle
    ? [...path(nodes, index, from, middle), rangeHash(nodes, middle, to)]
    : [...path(nodes, index, middle, to), rangeHash(nodes, from, middle)];
}

/** `isOld`: the range is the whole of the smaller tree, whose root the verifier has. */
function subproof(nodes: Nodes, before: number, from: number, to: number, isOld: boolean): Uint8Array[] {
  if (before === to) return isOld ? [] : [rangeHash(nodes, from, to)];
  const middle = from + splitOf(to - from);
  return before <= middle
    ? [...subproof(nodes, before, from, middle, isOld), rangeHash(nodes, middle, to)]
    : [...subproof(nodes, before, middle, to, false), rangeHash(nodes, from, middle)];
}

/** The hash over the leaves from `from` to `to`, of a range that the division of a tree leads to. */
function rangeHash(nodes: Nodes, from: number, to: number): Uint8Array {
  const size = to - from;
  const height = heightOf(size);
  if (2 ** height === size) return nodes(height, from / size);
  const middle = from + splitOf(size);
  return innerHash(rangeHash(nodes, from, middle), rangeHash(nodes, middle, to));
}

/** The largest power of two below a size of at least 2. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** The largest height of which a whole subtree has at most so many leaves. */
function heightOf(size: number): number {
  let height = 0;
  while (2 ** (height + 1) <= size) height += 1;
  return height;
}

function unasked(why: string): LogError {
  return new LogError("bad-proof", `nothing can be proven: ${why}; ask for what the log has signed for`);
}
