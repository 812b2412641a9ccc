/** Evidence as bytes: one encoding for each value, a path for each canister, and one clear refusal of everything else. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  evidenceOf,
  forTenant,
  leadsTo,
  leafOf,
  MOST_EVIDENCE_BYTES,
  qualifyingData,
  readCanisterBody,
  readEvidence,
  readNodeBody,
  writeNodeBody,
  stateOf,
  Tree,
  writeEvidence,
} from "../../packages/attest/src/evidence/index.ts";
import { write } from "../../packages/attest/src/cbor/index.ts";
import { canisterSample, digest, nodeSample } from "./samples.ts";

const H = (...parts: readonly (Uint8Array | string)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const proofs = { registers: [], reports: [], ledger: Uint8Array.from(Buffer.from("ledger")) };
const statement = (labels: readonly string[]) =>
  stateOf(
    digest(9),
    nodeSample(),
    labels.map((label) => canisterSample(label)),
  );

/** The definition of RFC 6962, 2.1, word for word. */
function root(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return H("");
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return H(Uint8Array.of(1), root(leaves.slice(0, k)), root(leaves.slice(k)));
}

/** Any value as CBOR, whatever its shape. */
const encode = (value: unknown) =>
  write({ words: "anything", check: (given) => given, read: () => undefined }, value, "");

describe("the tree over canister bodies", () => {
  const leaves = (size: number) => Array.from({ length: size }, (_, index) => leafOf(Buffer.from(`body ${index}`)));

  it("hashes a body with what it is", () => {
    expect(hex(leafOf(Buffer.from("body")))).toBe(hex(H(Uint8Array.of(0), "isoline canister body 1", "body")));
  });

  it("has the root of RFC 6962, and a path from each leaf that leads there, and from no other place", () => {
    for (let size = 0; size <= 33; size++) {
      const tree = new Tree(leaves(size));
      expect(hex(tree.root)).toBe(hex(root(leaves(size))));
      for (const [index, leaf] of leaves(size).entries()) {
        const path = tree.path(index);
        expect(leadsTo(tree.root, { leaf, index, size, path })).toBe(true);
        const others = [
          { leaf, index: index + 1, size, path },
          { leaf, index, size: size + 33, path },
          { leaf, index, size, path: [...path, digest(1)] },
          { leaf: digest(1), index, size, path },
          { leaf, index: size, size, path },
        ];
        expect(others.filter((other) => leadsTo(tree.root, other))).toEqual([]);
      }
    }
  });
});

describe("evidence", () => {
  const whole = evidenceOf(statement(["web", "db", "mail"]), proofs);
  const sample = writeEvidence(whole);

  it("reads back what was written, canisters ascending by label", () => {
    expect(readEvidence(sample)).toEqual(whole);
    expect(whole.canisters.map(({ body }) => readCanisterBody(body).label)).toEqual(["db", "mail", "web"]);
    expect(readNodeBody(whole.node)).toMatchObject({ type: "isoline node 1", node: "node-1", canisters: 3 });
  });

  it("is signed over domain, challenge, node body and root", () => {
    const expected = H("isoline evidence 1", digest(9), H("isoline node body 1", whole.node), whole.tree.root);
    expect(hex(statement(["web", "db", "mail"]).qualifying)).toBe(hex(expected));
    expect(hex(qualifyingData(digest(9), whole.node, whole.tree.root))).toBe(hex(expected));
  });

  it("of a tenant holds its own body, and nothing that a neighbour is called by", () => {
    const own = forTenant(whole, "mail");
    const [canister, ...others] = own.canisters;
    expect(others).toEqual([]);
    expect(leadsTo(own.tree.root, { ...canister!, leaf: leafOf(canister!.body), size: own.tree.size })).toBe(true);
    const told = Buffer.from(writeEvidence(own)).toString("latin1");
    expect(told).not.toMatch(/label.(?:db|web)/);
    expect(() => forTenant(whole, "other")).toThrow('expected a canister "other"');
  });

  it("refuses two canisters of one label, and a challenge of another length", () => {
    expect(() => statement(["web", "web"])).toThrow("one canister of each label");
    expect(() => stateOf(digest(9).subarray(1), nodeSample(), [])).toThrow("a challenge of 32 bytes");
  });

  it("every truncation is refused, and each flipped bit is refused or is other evidence", () => {
    const sample = writeEvidence(forTenant(whole, "web"));
    for (let length = 0; length < sample.length; length++)
      expect(() => readEvidence(sample.subarray(0, length))).toThrow("evidence that cannot be read");
    const outcomes = new Set<string>();
    for (let bit = 0; bit < sample.length * 8; bit++) {
      const flipped = Uint8Array.from(sample);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      outcomes.add(outcome(flipped));
    }
    outcomes.delete("bad-evidence-format");
    expect([...outcomes].filter((one) => one === hex(sample) || !/^[0-9a-f]+$/.test(one))).toEqual([]);
  });

  it.each([
    ["bytes behind it", Buffer.concat([sample, Buffer.alloc(1)])],
    ["a longer form of a number", longer(sample)],
    ["keys in another order", Buffer.from("a2646e6f646500647479706500", "hex")],
    ["a member too many", encode({ ...whole, more: 1 })],
    ["no challenge", encode({ ...whole, challenge: undefined })],
    ["a negative number", encode({ ...whole, tree: { ...whole.tree, size: -1 } })],
    ["a fraction", encode({ ...whole, tree: { ...whole.tree, size: 1.5 } })],
    ["a list instead of a map", encode([])],
    ["deep nesting", Buffer.alloc(200_000, 0x81)],
    ["a length of 2⁶⁴", Buffer.from("9bffffffffffffffff", "hex")],
    ["nothing", Buffer.alloc(0)],
    ["more than it may have", new Uint8Array(MOST_EVIDENCE_BYTES + 1)],
  ])("refuses %s", (_, given) => {
    expect(() => readEvidence(given)).toThrow("evidence that cannot be read");
  });

  it("refuses a text with U+0000, as it came and as it is written", () => {
    const body = writeNodeBody({
      ...nodeSample({ kernel: { release: "6\u0001x", version: "", machine: "" } }),
      type: "isoline node 1",
      canisters: 0,
    });
    expect(readNodeBody(body).kernel.release).toBe("6\u0001x");
    const nul = body.map((byte, at) => (byte === 1 && body[at - 1] === 0x36 && body[at + 1] === 0x78 ? 0 : byte));
    expect(() => readNodeBody(nul)).toThrow(/kernel.release: expected text/);
  });

  it("has one encoding for every body", () => {
    const texts = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.uniqueArray(texts, { maxLength: 8 }), (labels) => {
        const made = evidenceOf(statement(labels), proofs);
        expect(hex(writeEvidence(readEvidence(writeEvidence(made))))).toBe(hex(writeEvidence(made)));
      }),
      { numRuns: 20 },
    );
  });
});

/** What is read, written again; a refusal must be of the one kind. */
function outcome(given: Uint8Array): string {
  try {
    return hex(writeEvidence(readEvidence(given)));
  } catch (fault) {
    return (fault as { code?: string }).code ?? String(fault);
  }
}

/** The size of the tree, 3, in two bytes instead of one. */
function longer(sample: Uint8Array): Buffer {
  const text = hex(sample);
  const at = text.indexOf("6473697a6503");
  return Buffer.from(`${text.slice(0, at + 10)}1803${text.slice(at + 12)}`, "hex");
}
