/** The last list of IMA of a node that was proven, so that a longer one is replayed from its end on. Kept are a digest and that end. */
import { createHash } from "node:crypto";
import type { ProvenImaLists } from "@isoline/attest/appraise";
import type { ImaEnd } from "@isoline/attest/boot";

export class ProvenList implements ProvenImaLists {
  #last: { readonly digest: Buffer; readonly end: ImaEnd } | undefined;

  endWithin(list: Uint8Array): ImaEnd | undefined {
    const last = this.#last;
    if (last === undefined || list.length < last.end.bytes) return undefined;
    return digestOf(list.subarray(0, last.end.bytes)).equals(last.digest) ? last.end : undefined;
  }

  keep(list: Uint8Array, end: ImaEnd): void {
    if (end !== this.#last?.end) this.#last = { digest: digestOf(list), end };
  }
}

const digestOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
