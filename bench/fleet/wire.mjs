/**
 * One kept connection to a verifier, over TLS, with one request at a time. It speaks the little HTTP that a load generator needs: what
 * Node's own client spends for a request would be taken from the verifier, which runs on the same processors.
 */
import { connect } from "node:tls";

/**
 * @typedef {{ readonly host: string, readonly port: number, readonly ca: string }} Target
 * @typedef {{ readonly status: number, readonly retryAfter: number, readonly body: string }} Answer
 */

const END = "\r\n\r\n";
const PATIENCE_MS = 30_000;

export class Wire {
  #target;
  /** @type {import("node:tls").TLSSocket | undefined} */
  #socket;
  /** @type {{ resolve: (answer: Answer) => void, reject: (fault: Error) => void } | undefined} */
  #waiting;
  /** @type {Buffer[]} */
  #chunks = [];
  #size = 0;
  #expected = 0;

  /** @param {Target} target */
  constructor(target) {
    this.#target = target;
  }

  /** Connects, unless it is connected. */
  async open() {
    this.#socket ??= await this.#connected();
  }

  /**
   * Sends head and body before it returns; the head is without the length of the body.
   *
   * @param {string} head @param {Buffer} body @returns {Promise<Answer>}
   */
  request(head, body) {
    const socket = this.#socket;
    if (socket === undefined) return Promise.reject(new Error("the connection ended"));
    const answer = new Promise((/** @type {(answer: Answer) => void} */ resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    const text = `${head}host: ${this.#target.host}\r\ncontent-length: ${body.length}${END}`;
    const whole = Buffer.allocUnsafe(text.length + body.length);
    whole.write(text, 0, "latin1");
    body.copy(whole, text.length);
    socket.write(whole);
    return answer;
  }

  close() {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** @returns {Promise<import("node:tls").TLSSocket>} */
  #connected() {
    const { host, port, ca } = this.#target;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, ca, servername: "localhost" }, () => resolve(socket));
      socket.setNoDelay(true);
      socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error("silent for too long")));
      socket.on("data", (chunk) => this.#take(chunk));
      const lost = (/** @type {Error | undefined} */ fault) => {
        const why = fault instanceof Error ? fault : new Error("the connection ended");
        if (this.#socket === socket) this.#socket = undefined;
        this.#chunks = [];
        this.#size = this.#expected = 0;
        const waiting = this.#waiting;
        this.#waiting = undefined;
        waiting?.reject(why);
        reject(why);
      };
      socket.on("error", lost);
      socket.on("close", () => lost(undefined));
    });
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#expected) return;
    const whole = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    const end = whole.indexOf(END);
    if (end < 0) return;
    const head = whole.toString("latin1", 0, end).toLowerCase();
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    if (length === undefined) return void this.#socket?.destroy(new Error(`expected a length, got ${head}`));
    this.#expected = end + END.length + Number(length);
    if (this.#size < this.#expected) return;
    this.#chunks = [];
    this.#size = this.#expected = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({
      status: Number(head.slice(9, 12)),
      retryAfter: Number(/\r\nretry-after: (\d+)/.exec(head)?.[1] ?? "0"),
      body: whole.toString("utf8", end + END.length),
    });
  }
}
