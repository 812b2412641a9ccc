/** The tree: every proof of small trees holds, and holds for nothing else. */
import { describe, expect, it } from "vitest";
import {
  assertConsistent,
  assertIncluded,
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  type Nodes,
  rootOf,
} from "../../packages/log/src/tree/index.ts";
import { entries, entry, rootByDefinition } from "./logs.ts";

const MOST = 20;
const all = entries(0, MOST);
const known = new Map<string, Uint8Array>();
const nodes: Nodes = (height, place) => {
  const key = `${height} ${place}`;
  const hash = known.get(key) ?? rootByDefinition(all.slice(place * 2 ** height, (place + 1) * 2 ** height));
  known.set(key, hash);
  return hash;
};
const head = (size: number) => ({ size, root: rootOf(nodes, size) });
const sizes = Array.from({ length: MOST }, (_, at) => at + 1);

function flipped(hashes: readonly Uint8Array[], at: number): Uint8Array[] {
  return hashes.map((hash, place) =>
    place === at ? Uint8Array.from(hash, (byte, i) => (i === 7 ? byte ^ 4 : byte)) : hash,
  );
}

describe("roots", () => {
  it("are those of RFC 6962", () => {
    expect(rootOf(nodes, 0)).toEqual(EMPTY_ROOT);
    expect(sizes.map((size) => rootOf(nodes, size))).toEqual(sizes.map((size) => rootByDefinition(all.slice(0, size))));
  });
});

describe("proofs that an entry is in a tree", () => {
  const cases = sizes.flatMap((size) => Array.from({ length: size }, (_, index) => ({ size, index })));

  it("hold for each entry of each tree", () => {
    for (const { size, index } of cases)
      assertIncluded(leafHash(entry(index)), index, head(size), inclusionProof(nodes, index, size));
    expect(cases).toHaveLength((MOST * (MOST + 1)) / 2);
  });

  it("hold for no other entry, index or size, and not when a bit of them is flipped or a hash is missing or added", () => {
    for (const { size, index } of cases) {
      const proof = inclusionProof(nodes, index, size);
      const leaf = leafHash(entry(index));
      expect(() => assertIncluded(leafHash(entry(index + 1)), index, head(size), proof)).toThrow(/another root/);
      expect(() => assertIncluded(leaf, size, head(size), proof)).toThrow(/cannot be in a tree/);
      expect(() => assertIncluded(leaf, index, head(size), [...proof, leaf])).toThrow(/proves nothing/);
      for (const place of proof.keys()) {
        expect(() => assertIncluded(leaf, index, head(size), flipped(proof, place))).toThrow(/another root/);
        expect(() => assertIncluded(leaf, index, head(size), proof.toSpliced(place, 1))).toThrow(/proves nothing/);
      }
    }
  });
});

describe("proofs that a tree continues another", () => {
  const cases = sizes.flatMap((size) => Array.from({ length: size + 1 }, (_, before) => ({ size, before })));

  it("hold for each pair of trees", () => {
    for (const { size, before } of cases)
      assertConsistent(head(before), head(size), consistencyProof(nodes, before, size));
    expect(cases).toHaveLength((MOST * (MOST + 3)) / 2);
  });

  it("hold for no other tree, and not when a bit of them is flipped or a hash is missing or added", () => {
    const other = { size: 5, root: rootByDefinition(entries(1, 6)) };
    for (const { size, before } of cases.filter((each) => each.before > 0 && each.before < each.size)) {
      const proof = consistencyProof(nodes, before, size);
      expect(() => assertConsistent({ size: before, root: other.root }, head(size), proof)).toThrow(/proves nothing/);
      expect(() => assertConsistent(head(before), { size, root: other.root }, proof)).toThrow(/proves nothing/);
      expect(() => assertConsistent(head(before), head(size), [...proof, other.root])).toThrow(/proves nothing/);
      for (const place of proof.keys()) {
        expect(() => assertConsistent(head(before), head(size), flipped(proof, place))).toThrow(/proves nothing/);
        expect(() => assertConsistent(head(before), head(size), proof.toSpliced(place, 1))).toThrow(/proves nothing/);
      }
    }
  });

  it("cannot make a log shorter, or two of one size the same", () => {
    expect(() => assertConsistent(head(9), head(8), [])).toThrow(/cannot become/);
    expect(() => assertConsistent(head(8), { ...head(8), root: head(9).root }, [])).toThrow(/two trees of 8/);
    expect(() => assertConsistent({ size: 0, root: head(1).root }, head(8), [])).toThrow(/without entries/);
  });
});
