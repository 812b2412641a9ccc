/**
 * The Merkle tree over canister bodies: one root for all, and a path for each. It is that of RFC 9162, 2.1 (and RFC 6962), with
 * SHA-256 and the leaves `"isoline canister body 1" ‖ body`, so that any implementation of that tree can check a path.
 */
import { sidesOfPath } from "@isoline/core/verify";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import { domains } from "./digest.ts";

const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

/** No more canisters stand under one quote. */
export const MOST_CANISTERS = 4096;
/** Enough for as many. */
export const MOST_LEVELS = 12;

/** SHA-256( 0x00 ‖ "isoline canister body 1" ‖ body ). */
export function leafOf(body: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF, utf8ToBytes(domains.canister), body));
}

/** The tree over leaves in their order: its root (of no leaf, SHA-256 of nothing), and the path of each leaf. */
export class Tree {
  /** The leaves, then each level above them. A hash without a sibling moves up as it is. */
  readonly #levels: readonly (readonly Uint8Array[])[];

  constructor(leaves: readonly Uint8Array[]) {
    const levels = [leaves];
    for (let level = leaves; level.length > 1; levels.push(level)) level = above(level);
    this.#levels = levels;
  }

  get root(): Uint8Array {
    return this.#levels.at(-1)?.[0] ?? sha256(new Uint8Array());
  }

  /** The siblings from a leaf up to the root, the lowest first (RFC 9162, 2.1.3.1). */
  path(index: number): Uint8Array[] {
    return this.#levels.map((level, height) => level[(index >> height) ^ 1]).filter((sibling) => sibling !== undefined);
  }
}

function above(level: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => {
    const [left, right] = [level[2 * at] as Uint8Array, level[2 * at + 1]];
    return right === undefined ? left : inner(left, right);
  });
}

/** Whether a path leads from this leaf, at this place among so many, to the root (RFC 9162, 2.1.3.2). */
export function leadsTo(
  root: Uint8Array,
  { leaf, index, size, path }: { leaf: Uint8Array; index: number; size: number; path: readonly Uint8Array[] },
): boolean {
  if (index >= size) return false;
  const sides = sidesOfPath(index, size - 1, path.length);
  if (typeof sides === "string") return false;
  const led = path.reduce((hash, one, at) => (sides[at] === "left" ? inner(one, hash) : inner(hash, one)), leaf);
  return equal(led, root);
}

function inner(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(INNER, left, right));
}
