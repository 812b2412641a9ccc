/**
 * Attestation keys of many nodes, in software, and their rows in a store: as if each had been enrolled. A key is 96 bytes in a file:
 * the private number and the two coordinates of the public point.
 */
import { createECDH, createHash, createPrivateKey } from "node:crypto";
import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { nodeIdOf, writeNode } from "../../packages/attest/dist/enrol/index.js";
import { attestationKey, endorsementRsa } from "../../packages/attest/dist/tpm/index.js";

/**
 * @typedef {object} NodeKey
 * @property {string} name
 * @property {Buffer} private
 * @property {Buffer} x
 * @property {Buffer} y
 */

const NUMBER = 32;
const KEY = 3 * NUMBER;
const AT_ONCE = 500;

/** @param {string} file @param {number} count */
export function makeKeys(file, count) {
  const ecdh = createECDH("prime256v1");
  const keys = Buffer.alloc(count * KEY);
  for (let at = 0; at < keys.length; at += KEY) {
    const [point, own] = [ecdh.generateKeys(), ecdh.getPrivateKey()];
    own.copy(keys, at + NUMBER - own.length);
    point.copy(keys, at + NUMBER, 1);
  }
  writeFileSync(file, keys, { mode: 0o600 });
}

/** @param {string} file @param {number} from @param {number} to @returns {Generator<NodeKey>} */
export function* keysIn(file, from, to) {
  const keys = Buffer.alloc((to - from) * KEY);
  const fd = openSync(file, "r");
  readSync(fd, keys, 0, keys.length, from * KEY);
  closeSync(fd);
  for (let at = 0; at < keys.length; at += KEY) {
    const part = (/** @type {number} */ number) => keys.subarray(at + number * NUMBER, at + (number + 1) * NUMBER);
    yield { name: nameOf(from + at / KEY), private: part(0), x: part(1), y: part(2) };
  }
}

const nameOf = (/** @type {number} */ index) => `node-${String(index).padStart(7, "0")}`;

/** @param {NodeKey} key */
export function signerOf({ private: d, x, y }) {
  const text = (/** @type {Buffer} */ part) => part.toString("base64url");
  const key = { kty: "EC", crv: "P-256", d: text(d), x: text(x), y: text(y) };
  return createPrivateKey({ key, format: "jwk" });
}

/** @param {NodeKey} key */
const areaOf = ({ x, y }) =>
  /** @type {import("../../packages/attest/dist/tpm/index.js").PublicArea} */ (
    /** @type {unknown} */ ({
      is: "ecc",
      value: { ...attestationKey.value, unique: { x: Uint8Array.from(x), y: Uint8Array.from(y) } },
    })
  );

/** @param {NodeKey} key */
export const idOf = (key) => nodeIdOf(areaOf(key));

/** What a node shows to a verifier. @param {string} name */
export const tokenOf = (name) => `isn~${name}~${"A".repeat(43)}`;

/**
 * @param {string} file @param {number} count @param {import("../../packages/verifier/dist/store/connection.js").Database} db
 * @param {string} tenant
 */
export async function enrol(file, count, db, tenant) {
  for (let from = 0; from < count; from += AT_ONCE) {
    const keys = keysIn(file, from, Math.min(count, from + AT_ONCE));
    await db
      .insertInto("nodes")
      .values(Array.from(keys, (key) => rowOf(key, tenant)))
      .execute();
  }
}

/** @param {NodeKey} key @param {string} tenant */
function rowOf(key, tenant) {
  const enrolled = new Date();
  const [id, area] = [idOf(key), areaOf(key)];
  return {
    ...{ name: key.name, id, tenant, labels: "{}", enrolled },
    document: writeNode({
      id,
      attestationKey: area,
      endorsement: { public: endorsementRsa, certificate: Uint8Array.of(0) },
      enrolled: enrolled.toISOString(),
    }),
    token: createHash("sha256").update(tokenOf(key.name)).digest("hex"),
    ...{ root: /** @type {const} */ ("none"), state: /** @type {const} */ ("unknown"), since: enrolled, links: "[]" },
  };
}
