/** One attestation as isoline's verifier judges it, from the bytes of the evidence to a signed result: all but network and store. */
import { createHash, generateKeyPairSync, sign, webcrypto } from "node:crypto";
import { appraise, readRules, signEar } from "../../packages/attest/dist/appraise/index.js";
import { EvidenceReading, readDelta } from "../../packages/attest/dist/evidence/index.js";
import { assertWhole, KeptLogs } from "../../packages/verifier/dist/fleet/kept-logs.js";
import { KeptFacts } from "../../packages/verifier/dist/fleet/proven-facts.js";
import { verifiesEcdsa } from "../../packages/verifier/dist/fleet/signatures.js";
import { bodiesIn, imprintOf, verdictOf } from "../../packages/verifier/dist/fleet/verdict.js";

/**
 * @typedef {import("./node.mjs").Answers} Answers
 * @typedef {import("./node.mjs").Answer["isoline"]} Evidence
 * @typedef {{ readonly key: webcrypto.CryptoKey, readonly signs: (bytes: Uint8Array) => Uint8Array }} Signing
 */

const sha256 = (/** @type {Uint8Array} */ bytes) => createHash("sha256").update(bytes).digest();

export class IsolineJudge {
  #node;
  #policy;
  #references;
  #rules;
  #signing;
  #proven = new KeptFacts();
  #logs = new KeptLogs(180);
  /** @type {import("../../packages/attest/dist/appraise/index.js").Accepted | undefined} */
  #accepted;

  /** @param {Answers} node @param {Buffer} policy @param {Buffer} references @param {any} rules @param {Signing} signing */
  constructor({ id, key: attestationKey }, policy, references, rules, signing) {
    this.#node = { id, attestationKey };
    this.#policy = policy;
    this.#references = [references];
    this.#rules = rules;
    this.#signing = signing;
  }

  /** @param {Answers} node @param {boolean} withBootLog */
  static async open(node, withBootLog) {
    const policy = Buffer.from(
      JSON.stringify({
        ...{ policy: 1, name: "peer", version: 1, boots: ["good"], imaList: "required", ledger: "if-there" },
        canisters: [],
        ...(withBootLog && { bootLog: "required" }),
      }),
    );
    const references = Buffer.from(JSON.stringify({ references: 1, boots: [{ name: "good", registers: node.boot }] }));
    const pair = generateKeyPairSync("ed25519");
    const der = pair.privateKey.export({ type: "pkcs8", format: "der" });
    const key = await webcrypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
    const signs = (/** @type {Uint8Array} */ bytes) => sign(null, bytes, pair.privateKey);
    // A verifier reads its rules once, until one of them changes.
    return new IsolineJudge(node, policy, references, await readRules(policy, [references], []), { key, signs });
  }

  /** From now on the node is one that has not attested. */
  forget() {
    this.#proven = new KeptFacts();
    this.#logs = new KeptLogs(180);
    this.#accepted = undefined;
  }

  /** @param {Evidence} answer @returns {Promise<{ state: string, why: string | null }>} */
  async judge({ challenge, evidence, isDelta }) {
    const now = new Date();
    const reading = isDelta ? this.#whole(evidence) : new EvidenceReading(evidence, sha256);
    const bodies = bodiesIn(/** @type {any} */ (reading));
    const appraisal = await appraise({
      ...{ evidence: reading, challenge, now, policy: this.#policy, references: this.#references },
      trust: { nodes: [this.#node], policySigners: [], contourSigners: [], contours: [] },
      ...{
        readRules: async () => this.#rules,
        proven: this.#proven,
        verifiesEcdsa,
        last: this.#accepted,
        node: this.#node.id,
      },
    });
    const verdict = verdictOf(appraisal, bodies, this.#accepted);
    await signEar(appraisal, { ...this.#signing, algorithm: "EdDSA", now, build: "bench", epoch: 0, most: 180 });
    imprintOf(verdict);
    this.#accepted = verdict.accepted ?? this.#accepted;
    this.#logs.keep({ id: this.#node.id, tenant: "default" }, /** @type {any} */ (reading.evidence));
    return { state: verdict.state, why: verdict.why };
  }

  /** @param {Uint8Array} sent */
  #whole(sent) {
    const delta = readDelta(sent);
    const reading = new EvidenceReading(this.#logs.whole(this.#node.id, /** @type {any} */ (delta)), sha256);
    assertWhole(/** @type {any} */ (reading), /** @type {any} */ (delta));
    return reading;
  }
}
