/**
 * Evidence that a swtpm signed once, as a pattern for that of many nodes: where each changing value stands in its bytes. All of these
 * values have a fixed length in the one encoding of evidence, so that other ones can be written in their place.
 */
import { createHash, randomBytes } from "node:crypto";
import { writeEvidence } from "../../packages/attest/dist/evidence/index.js";
import { attestationKey, encode, publicArea, signature } from "../../packages/attest/dist/tpm/index.js";
import { testModule } from "../harness/test-module.mjs";

/**
 * @typedef {{ readonly at: number, readonly length: number }} Place
 * @typedef {Place & { readonly digest: string }} LogPlace
 * @typedef {Readonly<Record<"message" | "extraData" | "clock" | "r" | "s", Place>>} SignedPlace
 *
 * @typedef {"challenge" | "id" | "made" | "events" | "node" | "canister" | "root" | "complete" | "x" | "y"} Value
 *
 * @typedef {object} Pattern
 * @property {string} bytes of the evidence, in base64
 * @property {Readonly<Record<Value, Place>>} places
 * @property {Place | undefined} bound the state that is bound to the challenge
 * @property {readonly LogPlace[]} logs of boot, of IMA, and the node's own, as far as they are there
 * @property {readonly SignedPlace[]} signed what the attestation key signs: the quote, then each certificate of a register
 */

/**
 * @typedef {object} Recorded
 * @property {Pattern} whole with the logs of boot, of IMA and of the node, a register of a canister, its certificate and a bound state
 * @property {Pattern} quote a quote and one canister without a register
 * @property {Pattern} list the same with the list of IMA
 * @property {string} contour the file, in base64
 * @property {string} contourDigest
 * @property {string} aggregate of the node, in hexadecimal
 * @property {object} references
 */

/** As many as a machine with UEFI has, each about as long. */
const EVENTS = Array.from({ length: 64 }, (_, at) => [at % 8, `event ${at} `.padEnd(160, "of the firmware ")]);

/** Values that stand once in the evidence, by which their places are found. */
const marks = {
  challenge: randomBytes(32),
  id: randomBytes(32).toString("hex"),
  made: 1_790_000_000_123,
  events: 0x61234567,
  x: randomBytes(32),
  y: randomBytes(32),
};

/** @param {string} scratch @param {readonly string[]} [files] that IMA measured @returns {Promise<Recorded>} */
export async function record(scratch, files) {
  const { Node } = await testModule("forgery/node", scratch);
  const { published, contour, digest, bound } = await testModule("forgery/published", scratch);
  const node = new Node();
  try {
    await node.boot(EVENTS, files);
    const born = await node.bear("web");
    const counters = { events: marks.events, departures: 0, refused: 0, lost: 0, untrusted: 0 };
    const told = node.told("web", born, { counters, bound: bound(marks.challenge, node.aggregate) });
    const says = { node: { node: marks.id, made: marks.made } };
    const whole = await node.evidence(marks.challenge, [told], says);
    const { register: _register, bound: _bound, ...plain } = told;
    const quote = await node.evidence(marks.challenge, [plain], says);
    return {
      whole: patternOf(whole, bound(marks.challenge, node.aggregate).state),
      quote: patternOf(bare(quote), undefined),
      list: patternOf({ ...bare(quote), imaList: quote.imaList }, undefined),
      contour: Buffer.from(contour).toString("base64"),
      contourDigest: digest,
      aggregate: hex(node.aggregate),
      references: referencesOf(whole, digest, hex(published.state)),
    };
  } finally {
    await node.close();
  }
}

/** Without logs, and without the proof of a label, which goes with a ledger. @param {any} evidence */
function bare({ bootLog: _bootLog, imaList: _imaList, ledger: _ledger, ...evidence }) {
  return {
    ...evidence,
    canisters: evidence.canisters.map((/** @type {any} */ { name: _name, ...canister }) => canister),
  };
}

/** @param {any} evidence @param {Uint8Array | undefined} boundState @returns {Pattern} */
function patternOf(evidence, boundState) {
  const unique = { x: Uint8Array.from(marks.x), y: Uint8Array.from(marks.y) };
  const key = encode(publicArea, /** @type {any} */ ({ is: "ecc", value: { ...attestationKey.value, unique } }));
  const whole = {
    ...evidence,
    quote: { ...evidence.quote, key, signature: blankSignature() },
    registers: evidence.registers.map((/** @type {any} */ one) => ({ ...one, signature: blankSignature() })),
  };
  const bytes = Buffer.from(writeEvidence(whole));
  const find = (/** @type {Uint8Array} */ value) => placeOf(bytes, value);
  const node = find(whole.node);
  const canister = find(whole.canisters[0].body);
  const complete = placeIn(bytes, node, Buffer.concat([Buffer.from([0x68]), Buffer.from("complete")]));
  return {
    bytes: bytes.toString("base64"),
    places: {
      challenge: find(marks.challenge),
      node,
      canister,
      id: placeIn(bytes, node, Buffer.from(marks.id)),
      made: numberIn(bytes, node, marks.made),
      // The byte behind the name of the member: true or false.
      complete: { at: complete.at + complete.length, length: 1 },
      events: numberIn(bytes, canister, marks.events),
      root: find(whole.tree.root),
      x: find(marks.x),
      y: find(marks.y),
    },
    bound: boundState && placeIn(bytes, canister, boundState),
    logs: [whole.bootLog, whole.imaList, whole.ledger]
      .filter((log) => log !== undefined)
      .map((log) => ({ ...find(log), digest: createHash("sha256").update(log).digest("hex") })),
    signed: [whole.quote, ...whole.registers].map((one) => signedPlace(bytes, one.message, one.signature)),
  };
}

/** TPMS_ATTEST: magic, type, signer behind its length, extraData behind its length, clock. TPMT_SIGNATURE: two numbers, r and s. */
const HEAD = 4 + 2;
const LENGTH = 2;
const COORDINATE = 32;

/** In place of the one by the swtpm's key; those of the nodes are written there. */
const blankSignature = () =>
  encode(signature, { is: "ecdsa", value: { hash: "sha256", r: fresh(COORDINATE), s: fresh(COORDINATE) } });

const fresh = (/** @type {number} */ length) => Uint8Array.from(randomBytes(length));

/** @param {Buffer} bytes @param {Uint8Array} message @param {Uint8Array} signed @returns {SignedPlace} */
function signedPlace(bytes, message, signed) {
  const place = placeOf(bytes, message);
  const behind = placeOf(bytes, signed).at + 4;
  const signer = new DataView(message.buffer, message.byteOffset).getUint16(HEAD);
  const extraData = place.at + HEAD + LENGTH + signer + LENGTH;
  return {
    message: place,
    extraData: { at: extraData, length: 32 },
    clock: { at: extraData + 32, length: 8 },
    r: { at: behind + LENGTH, length: COORDINATE },
    s: { at: behind + LENGTH + COORDINATE + LENGTH, length: COORDINATE },
  };
}

/** @param {Buffer} bytes @param {Uint8Array} value @returns {Place} */
function placeOf(bytes, value) {
  return placeIn(bytes, { at: 0, length: bytes.length }, value);
}

/** @param {Buffer} bytes @param {Place} within @param {Uint8Array} value @returns {Place} */
function placeIn(bytes, within, value) {
  const part = bytes.subarray(within.at, within.at + within.length);
  const at = part.indexOf(value);
  if (at < 0 || part.indexOf(value, at + 1) >= 0)
    throw new Error(`expected ${hex(value).slice(0, 16)}… once in the evidence, got none or several; record again`);
  return { at: within.at + at, length: value.length };
}

/** A number as CBOR has it, behind the byte that says how long it is. @param {Buffer} bytes @param {Place} within @param {number} value */
function numberIn(bytes, within, value) {
  const long = Buffer.alloc(9, 0x1b);
  long.writeBigUInt64BE(BigInt(value), 1);
  const isLong = value > 0xffff_ffff;
  const encoded = isLong ? long : Buffer.concat([Buffer.from([0x1a]), long.subarray(5)]);
  const { at, length } = placeIn(bytes, within, encoded);
  return { at: at + 1, length: length - 1 };
}

/**
 * What a verifier takes for good: this boot, this build, this contour.
 *
 * @param {any} evidence @param {string} contour @param {string} state
 */
function referencesOf({ quote }, contour, state) {
  const registers = quote.registers.slice(0, 8).map((/** @type {any} */ { number, value }) => [number, hex(value)]);
  return {
    references: 1,
    contours: [{ name: "web", contour, state }],
    boots: [{ name: "good", registers: Object.fromEntries(registers) }],
    builds: [{ version: "0.1.0", digest: "01".repeat(32) }],
    programs: [{ name: "file_open", digest: "02".repeat(32) }],
  };
}

const hex = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("hex");
