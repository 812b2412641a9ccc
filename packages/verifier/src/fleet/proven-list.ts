/** The last list of IMA of a node that was proven, so that a longer one is replayed from its end on. Kept are a digest and that end. */
import type { ProvenImaLists } from "@isoline/attest/appraise";
import type { ImaEnd } from "@isoline/attest/boot";
import { sha256 } from "./sha256.ts";

export class ProvenList implements ProvenImaLists {
  #last: { readonly digest: Buffer; readonly end: ImaEnd } | undefined;

  endWithin(list: Uint8Array): ImaEnd | undefined {
    const last = this.#last;
    if (last === undefined || list.length < last.end.bytes) return undefined;
    return sha256(list.subarray(0, last.end.bytes)).equals(last.digest) ? last.end : undefined;
  }

  keep(list: Uint8Array, end: ImaEnd): void {
    if (end !== this.#last?.end) this.#last = { digest: sha256(list), end };
  }
}
