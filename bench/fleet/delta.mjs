/** What a node sends of evidence whose logs the verifier keeps: all but the logs, which are the same each time here. */
import { createHash } from "node:crypto";
import { writeDelta } from "../../packages/attest/dist/evidence/index.js";

export class DeltaMaker {
  #delta;
  #digestAt;
  /** Where each piece stands in the whole evidence, and where in the delta. @type {{ from: number, at: number, length: number }[]} */
  #pieces;
  /** What an answer has where all of the logs are kept. */
  kept;

  /** @param {Buffer} pattern the evidence @param {readonly import("./recorded.mjs").LogPlace[]} logs in the order of answers */
  constructor(pattern, logs) {
    this.kept = `"kept":${JSON.stringify(logs.map(({ digest }) => digest))}`;
    const places = [...logs].sort((one, other) => one.at - other.at);
    const begins = [0, ...places.map(({ at, length }) => at + length)];
    const pieces = begins.map((from, index) => pattern.subarray(from, places[index]?.at ?? pattern.length));
    const mark = sha256(Buffer.from("the place of a digest"));
    this.#delta = Buffer.from(
      writeDelta({
        type: "isoline evidence delta 1",
        whole: Uint8Array.from(mark),
        logs: places.map(({ digest }, index) => ({
          before: Uint8Array.from(pieces[index] ?? []),
          log: Uint8Array.from(Buffer.from(digest, "hex")),
        })),
        after: Uint8Array.from(pieces.at(-1) ?? []),
      }),
    );
    this.#digestAt = this.#delta.indexOf(mark);
    this.#pieces = pieces.map((piece, index) => ({
      from: begins[index] ?? 0,
      at: this.#delta.indexOf(piece),
      length: piece.length,
    }));
  }

  /** The bytes are valid until the next call. @param {Buffer} whole */
  of(whole) {
    for (const { from, at, length } of this.#pieces) whole.copy(this.#delta, at, from, from + length);
    sha256(whole).copy(this.#delta, this.#digestAt);
    return this.#delta;
  }
}

const sha256 = (/** @type {Uint8Array} */ bytes) => createHash("sha256").update(bytes).digest();
