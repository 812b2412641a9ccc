/** What was proven of a node's logs before: a digest for each fact, so that the same logs are not replayed each minute. */
import { createHash } from "node:crypto";
import type { Fact, FactName, ProvenFacts } from "@isoline/attest/appraise";
import { ProvenList } from "./proven-list.ts";

/** For each canister one, and a few for the node. A node with more of them is proven anew each time. */
const MOST_FACTS = 512;
const LENGTH_BYTES = 8;

/** Keeps facts by SHA-256 over the name of the fact and the bytes that it is about, each behind its length. */
export class KeptFacts implements ProvenFacts {
  readonly imaLists = new ProvenList();
  readonly #digests = new Set<string>();

  recall(name: FactName, ...about: readonly Uint8Array[]): Fact {
    const hash = createHash("sha256").update(`${name}\0`);
    for (const part of about) hash.update(lengthOf(part)).update(part);
    const digest = hash.digest("base64");
    return { isProven: this.#digests.has(digest), keep: () => this.#keep(digest) };
  }

  #keep(digest: string): void {
    if (this.#digests.size >= MOST_FACTS) this.#digests.clear();
    this.#digests.add(digest);
  }
}

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64BE(BigInt(part.length));
  return length;
}
