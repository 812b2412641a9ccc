/**
 * A process that is the agent of many nodes of Keylime: it answers each question over TLS with a fresh quote. A key in software signs
 * the quote of a TPM anew, with the nonce of the question and a later clock. It does what its parent asks, and answers with figures.
 */
import { createPrivateKey, sign } from "node:crypto";
import { createServer } from "node:https";

/**
 * @typedef {object} AgentOrder
 * @property {{ readonly key: string, readonly cert: string }} tls in PEM
 * @property {string} key private key of the node, PKCS #8 in PEM
 * @property {string} first body of an answer with the whole list, as the swtpm made it
 */

/** TPMS_ATTEST: magic, type, signer behind its length, extraData behind its length, clock. */
const HEAD = 4 + 2;
const LENGTH = 2;
const NONCE = 20;
/** TPMT_SIGNATURE: ecdsa, sha256, then two numbers of 32 bytes behind their lengths. */
const SIGNED = Buffer.from("0018000b", "hex");
const NUMBER = Buffer.of(0, 32);

let answered = 0;
/** Answers that wait while the agents pause. @type {(() => void)[] | undefined} */
let held;
let clock = Date.now();

/** @param {AgentOrder} order @returns {Promise<number>} its port */
function start({ tls, key: pem, first }) {
  const { results } = JSON.parse(first);
  const [message = Buffer.alloc(0), , registers = Buffer.alloc(0)] = results.quote
    .slice(1)
    .split(":")
    .map((/** @type {string} */ part) => Buffer.from(part, "base64"));
  const key = createPrivateKey(pem);
  const lines = results.ima_measurement_list.split("\n").slice(0, -1);
  const nonceAt = HEAD + LENGTH + message.readUInt16BE(HEAD) + LENGTH;
  const { pubkey, ...rest } = results;

  const answer = (/** @type {URLSearchParams} */ asked) => {
    const nonce = asked.get("nonce") ?? "";
    if (nonce.length !== NONCE) throw new Error(`expected a nonce of ${NONCE} characters, got ${nonce.length}`);
    message.write(nonce, nonceAt, "latin1");
    clock = Math.max(clock + 1, Date.now());
    message.writeBigUInt64BE(BigInt(clock), nonceAt + NONCE);
    const raw = sign("sha256", message, { key, dsaEncoding: "ieee-p1363" });
    const signature = Buffer.concat([SIGNED, NUMBER, raw.subarray(0, 32), NUMBER, raw.subarray(32)]);
    const from = Number(asked.get("ima_ml_entry"));
    return {
      ...rest,
      quote: `r${[message, signature, registers].map((part) => part.toString("base64")).join(":")}`,
      ima_measurement_list: lines
        .slice(from)
        .map((/** @type {string} */ line) => `${line}\n`)
        .join(""),
      ima_measurement_list_entry: from,
      ...(asked.get("partial") === "0" && { pubkey }),
    };
  };

  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "https://localhost");
    const respond = () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ code: 200, status: "Success", results: answer(searchParams) }));
      answered++;
    };
    if (held === undefined) respond();
    else held.push(respond);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(/** @type {import("node:net").AddressInfo} */ (server.address()).port));
  });
}

/** @param {boolean} isPaused */
function pause(isPaused) {
  const waiting = held ?? [];
  held = isPaused ? waiting : undefined;
  if (!isPaused) for (const respond of waiting) respond();
}

/** @type {Readonly<Record<string, (told: any) => unknown>>} */
const acts = { start, pause, answered: () => answered };

process.on("message", (/** @type {{ act: string, told: unknown }} */ { act, told }) => {
  void Promise.resolve(acts[act]?.(told)).then((answer) => process.send?.({ answer }));
});
process.on("disconnect", () => process.exit());
