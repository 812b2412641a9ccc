/** Evidence of one of many nodes: the pattern with the node's own values, signed by its key. */
import { createHash, sign } from "node:crypto";
import { statesOf } from "../../packages/core/dist/verify/index.js";

/**
 * @typedef {object} Made
 * @property {Buffer} challenge
 * @property {string} id
 * @property {Buffer} x
 * @property {Buffer} y
 * @property {import("node:crypto").KeyObject} key
 * @property {boolean} complete what the node says of itself: whether all of it was observed
 */

/** Digests as docs/spec/evidence.md has them. */
const NODE = "isoline node body 1";
const LEAF = Buffer.concat([Buffer.of(0), Buffer.from("isoline canister body 1")]);
const EVIDENCE = "isoline evidence 1";
const [TRUE, FALSE] = [0xf5, 0xf4];

export class EvidenceMaker {
  #bytes;
  #pattern;
  #stateUnder;
  #aggregate;

  /** @param {import("./recorded.mjs").Recorded} recorded @param {"whole" | "quote" | "list"} kind */
  constructor(recorded, kind) {
    this.#pattern = recorded[kind];
    this.#bytes = Buffer.from(this.#pattern.bytes, "base64");
    this.#stateUnder = statesOf(Buffer.from(recorded.contour, "base64"));
    this.#aggregate = recorded.aggregate;
  }

  /** The bytes are valid until the next call. @param {Made} node */
  make({ challenge, id, x, y, key, complete }) {
    const { places, bound, signed } = this.#pattern;
    const bytes = this.#bytes;
    const now = Date.now();
    challenge.copy(bytes, places.challenge.at);
    bytes.write(id, places.id.at, "latin1");
    x.copy(bytes, places.x.at);
    y.copy(bytes, places.y.at);
    bytes.writeBigUInt64BE(BigInt(now), places.made.at);
    bytes[places.complete.at] = complete ? TRUE : FALSE;
    // It grows from one evidence to the next, as the clock of the TPM does.
    bytes.writeUInt32BE(Math.floor(now / 1000), places.events.at);
    if (bound !== undefined) this.#bind(challenge, bound);
    const root = sha256(LEAF, this.#part(places.canister));
    root.copy(bytes, places.root.at);
    const qualifying = sha256(EVIDENCE, challenge, sha256(NODE, this.#part(places.node)), root);
    for (const { message, extraData, clock, r, s } of signed) {
      qualifying.copy(bytes, extraData.at);
      bytes.writeBigUInt64BE(BigInt(now), clock.at);
      const signature = sign("sha256", this.#part(message), { key, dsaEncoding: "ieee-p1363" });
      signature.copy(bytes, r.at, 0, r.length);
      signature.copy(bytes, s.at, r.length);
    }
    return bytes;
  }

  /** @param {Buffer} challenge @param {import("./recorded.mjs").Place} place */
  #bind(challenge, place) {
    const under = { base: challenge.toString("hex"), aggregate: this.#aggregate };
    this.#bytes.write(this.#stateUnder(/** @type {any} */ (under)), place.at, "hex");
  }

  /** @param {import("./recorded.mjs").Place} place */
  #part({ at, length }) {
    return this.#bytes.subarray(at, at + length);
  }
}

/** @param {...(string | Uint8Array)} parts */
function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
