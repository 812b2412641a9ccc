/**
 * A node with a real swtpm. It boots, measures files, and answers each verifier in its form: two quotes by the same attestation key
 * about the same registers, one after the other.
 */
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { QUOTED_REGISTERS } from "../../packages/attest/dist/appraise/index.js";
import { extendPcr, readPcrs } from "../../packages/attest/dist/birth/index.js";
import { nodeIdOf } from "../../packages/attest/dist/enrol/index.js";
import { evidenceOf, stateOf, writeDelta, writeEvidence } from "../../packages/attest/dist/evidence/index.js";
import {
  attest,
  attestationKey,
  commands,
  encode,
  publicArea,
  signature,
} from "../../packages/attest/dist/tpm/index.js";
import { testModule } from "../harness/test-module.mjs";
import { bootAggregate, fileOf } from "./measured-files.mjs";
import { quoteText, registerFile } from "./quote-form.mjs";

/**
 * @typedef {import("../../packages/attest/dist/tpm/index.js").Tpm} Tpm
 * @typedef {import("./measured-files.mjs").MeasuredFile} MeasuredFile
 *
 * @typedef {object} IsolineAnswer
 * @property {Buffer} challenge
 * @property {Uint8Array} evidence the whole of it, or the delta to the answer before
 * @property {boolean} isDelta
 *
 * @typedef {object} Answer to one question of either verifier
 * @property {IsolineAnswer} isoline
 * @property {{ readonly nonce: string, readonly body: string }} keylime body of the HTTP response of an agent
 *
 * @typedef {object} Answers of one node, in the order in which they were made
 * @property {string} id
 * @property {import("../../packages/attest/dist/tpm/index.js").PublicArea} key
 * @property {string} ak the key as Keylime has it: TPM2B_PUBLIC in base64
 * @property {string} identity a public key that the node binds to its TPM by register 16, in PEM
 * @property {Readonly<Record<string, string>>} boot registers 0 to 7, in hexadecimal
 * @property {Readonly<Record<string, string>>} files the digest of each measured file, by its path
 * @property {Answer} first with the whole list
 * @property {Answer} altered the same, with another path in one entry
 * @property {readonly Answer[]} steady when nothing was measured since
 * @property {readonly Answer[]} grown when a few files were measured since the answer before
 */

/** As many as a machine with UEFI has. */
const EVENTS = Array.from({ length: 64 }, (_, at) => [at % 8, `event ${at} `.padEnd(160, "of the firmware ")]);
const IMA_REGISTER = 10;
/** Keylime's agent binds its key here. */
const DATA_REGISTER = 16;
const KEYLIME_REGISTERS = [...QUOTED_REGISTERS, DATA_REGISTER];
/** Files that are measured between two answers of a node whose list grows. */
export const GROWTH = 10;

/**
 * @param {string} scratch @param {{ entries: number, steady: number, grown: number, withBootLog: boolean }} order
 * @returns {Promise<Answers>}
 */
export async function answersOf(scratch, order) {
  const { SoftwareTpm, primary } = await testModule("attest/swtpm", scratch);
  const { bootLogOf } = await testModule("forgery/boot", scratch);
  const software = new SoftwareTpm();
  try {
    await software.start();
    return await software.using(async (/** @type {Tpm} */ tpm) => {
      const signer = await primary(tpm, attestationKey);
      const { log, measured } = bootLogOf(EVENTS);
      for (const { register, digest } of measured) await extendPcr(tpm, register, digest);
      const node = new Node(tpm, signer, order.withBootLog ? log : undefined);
      return await node.answers(order);
    });
  } finally {
    await software.close();
  }
}

class Node {
  #tpm;
  #signer;
  #bootLog;
  /** @type {MeasuredFile[]} */
  #list = [];
  /** Logs that isoline was told of. @type {Uint8Array[]} */
  #sent = [];
  /** Entries that Keylime was told of. */
  #told = 0;
  #identity = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" });

  /** @param {Tpm} tpm @param {any} signer @param {Uint8Array | undefined} bootLog */
  constructor(tpm, signer, bootLog) {
    this.#tpm = tpm;
    this.#signer = signer;
    this.#bootLog = bootLog;
  }

  /** @param {{ entries: number, steady: number, grown: number }} order @returns {Promise<Answers>} */
  async answers({ entries, steady, grown }) {
    const key = this.#signer.public;
    const area = encode(publicArea, key);
    const registers = await this.#registers([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await this.#measure(bootAggregate(registers));
    while (this.#list.length < entries) await this.#measure(fileOf(this.#list.length));
    await extendPcr(this.#tpm, DATA_REGISTER, createHash("sha256").update(this.#identity).digest());
    const altered = await this.#answer({ isFirst: true, isAltered: true });
    const first = await this.#answer({ isFirst: true });
    const still = [];
    while (still.length < steady) still.push(await this.#answer());
    const more = [];
    while (more.length < grown) {
      for (let added = 0; added < GROWTH; added++) await this.#measure(fileOf(this.#list.length));
      more.push(await this.#answer());
    }
    return {
      id: nodeIdOf(key),
      key,
      ak: Buffer.concat([u16(area.length), area]).toString("base64"),
      identity: String(this.#identity),
      boot: Object.fromEntries(registers.slice(0, 8).map((value, register) => [register, hex(value)])),
      files: Object.fromEntries(this.#list.map(({ path, digest }) => [path, digest])),
      ...{ first, altered, steady: still, grown: more },
    };
  }

  /** @param {MeasuredFile} file */
  async #measure(file) {
    await extendPcr(this.#tpm, IMA_REGISTER, file.extension);
    this.#list.push(file);
  }

  /** @param {{ isFirst?: boolean, isAltered?: boolean }} [how] @returns {Promise<Answer>} */
  async #answer({ isFirst = false, isAltered = false } = {}) {
    const list = this.#list.map((file, at) => (isAltered && at === this.#list.length >> 1 ? renamed(file) : file));
    const answer = { isoline: await this.#evidence(list, isFirst), keylime: await this.#response(list, isFirst) };
    this.#told = list.length;
    return answer;
  }

  /**
   * Evidence: the first has the whole list.
   *
   * @param {readonly MeasuredFile[]} list @param {boolean} isFirst @returns {Promise<IsolineAnswer>}
   */
  async #evidence(list, isFirst) {
    const challenge = randomBytes(32);
    const aggregate = createHash("sha256");
    for (const value of await this.#registers([0, 1, 2, 3, 4, 5, 6, 7])) aggregate.update(value);
    const statement = stateOf(challenge, this.#says(Uint8Array.from(aggregate.digest())), []);
    const bare = evidenceOf(statement, {
      registers: [],
      imaList: Uint8Array.from(Buffer.concat(list.map(({ binary }) => binary))),
      reports: [],
      ...(this.#bootLog !== undefined && { bootLog: this.#bootLog }),
    });
    const { message, signed, values } = await this.#quote(statement.qualifying, QUOTED_REGISTERS);
    const registers = QUOTED_REGISTERS.map((number, at) => ({ number, value: /** @type {Uint8Array} */ (values[at]) }));
    const quote = { key: encode(publicArea, this.#signer.public), message, signature: signed, registers };
    const evidence = writeEvidence({ ...bare, quote });
    const sent = this.#sent;
    this.#sent = [bare.bootLog, bare.imaList].filter((log) => log !== undefined);
    return { challenge, evidence: isFirst ? evidence : deltaOf(evidence, sent), isDelta: !isFirst };
  }

  /**
   * What an agent of Keylime answers: it has the entries that were not told of before.
   *
   * @param {readonly MeasuredFile[]} list @param {boolean} isFirst
   */
  async #response(list, isFirst) {
    const from = isFirst ? 0 : this.#told;
    const nonce = randomBytes(10).toString("hex");
    const { message, signed, values } = await this.#quote(Buffer.from(nonce), KEYLIME_REGISTERS);
    const results = {
      quote: quoteText(message, signed, registerFile(KEYLIME_REGISTERS, values)),
      ...{ hash_alg: "sha256", enc_alg: "ecc", sign_alg: "ecdsa", boottime: 1 },
      ima_measurement_list: list
        .slice(from)
        .map(({ line }) => `${line}\n`)
        .join(""),
      ima_measurement_list_entry: from,
      ...(isFirst && { pubkey: this.#identity }),
      ...(this.#bootLog !== undefined && { mb_measurement_list: Buffer.from(this.#bootLog).toString("base64") }),
    };
    return { nonce, body: JSON.stringify({ code: 200, status: "Success", results }) };
  }

  /** @param {Uint8Array} aggregate @returns {Parameters<typeof stateOf>[1]} */
  #says(aggregate) {
    return {
      node: nodeIdOf(this.#signer.public),
      made: Date.now(),
      build: { version: "0.1.0", digest: new Uint8Array(32).fill(1) },
      sensors: [],
      kernel: { release: "6.12.0", version: "#1 SMP", machine: "x86_64" },
      mitigations: [],
      ...{ complete: true, losses: [], aggregate: { registers: aggregate } },
    };
  }

  /** @param {Uint8Array} qualifying @param {readonly number[]} registers */
  async #quote(qualifying, registers) {
    const scheme = /** @type {const} */ ({ is: "ecdsa", value: { hash: "sha256" } });
    const selection = /** @type {const} */ ([{ hash: "sha256", registers }]);
    const handles = [this.#signer.handle];
    const quoted = await this.#tpm.run(commands.quote, { qualifying, scheme, selection }, { handles });
    const [message, signed] = [encode(attest, quoted.attested), encode(signature, quoted.signature)];
    return { message, signed, values: await this.#registers(registers) };
  }

  /** A TPM reads eight at once. @param {readonly number[]} numbers */
  async #registers(numbers) {
    /** @type {Uint8Array[]} */
    const values = [];
    for (let at = 0; at < numbers.length; at += 8)
      values.push(...(await readPcrs(this.#tpm, numbers.slice(at, at + 8))));
    return values;
  }
}

/** What evidence has beside logs that were sent before. @param {Uint8Array} evidence @param {readonly Uint8Array[]} sent */
function deltaOf(evidence, sent) {
  const places = sent.map((log) => ({ log, at: Buffer.from(evidence).indexOf(log) })).sort((a, b) => a.at - b.at);
  let from = 0;
  const logs = places.map(({ log, at }) => {
    const before = evidence.slice(from, at);
    from = at + log.length;
    return { before, log: sha256(log) };
  });
  return writeDelta({ type: "isoline evidence delta 1", whole: sha256(evidence), logs, after: evidence.slice(from) });
}

/** The entry with another path, and with the digests of the right one. @param {MeasuredFile} file @returns {MeasuredFile} */
function renamed(file) {
  const binary = Buffer.from(file.binary);
  binary[binary.length - 2] = 0x78;
  return { ...file, binary, line: `${file.line.slice(0, -1)}x` };
}

const sha256 = (/** @type {Uint8Array} */ bytes) => Uint8Array.from(createHash("sha256").update(bytes).digest());
const u16 = (/** @type {number} */ value) => Buffer.of(value >> 8, value & 0xff);
const hex = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("hex");
