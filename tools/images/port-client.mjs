/** The other side of a machine's port (packages/isoline/src/launch-host/requests.ts): one request at a time, each with its answer. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const TRIES = 500;
const PAUSE_MS = 20;
const GREETING_MS = 1000;

/** An answer that refuses. */
export class Refused extends Error {}

export class PortClient {
  /** @type {import("node:net").Socket | undefined} */
  #socket;
  #held = Buffer.alloc(0);
  /** @type {(() => void) | undefined} */
  #waiting;
  /** @type {string | undefined} */
  #fault;

  /** The socket is there a moment after the machine was started. @param {string} path */
  async connect(path) {
    for (let tries = 0; tries < TRIES && this.#fault === undefined; tries++) {
      const socket = connect(path);
      const isThere = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      if (isThere) {
        this.#use(socket);
        return this.#greet();
      }
      await pause(PAUSE_MS);
    }
    throw new Error(this.#fault ?? `expected a machine's port at ${path}, found none`);
  }

  /**
   * Until the agent listens, what is sent may be taken by firmware, which may also say something of its own. So a word is sent
   * again and again, another each time, and everything before the answer to the last is passed over.
   */
  async #greet() {
    for (let word = 1; ; word++) {
      const greeting = `hello ${word}\n`;
      const answer = `ok ${greeting.length}\n${greeting}`;
      this.#socket?.write(greeting);
      await Promise.race([this.#more(), pause(GREETING_MS)]);
      const at = this.#held.indexOf(answer);
      if (at < 0) continue;
      this.#take(at + answer.length);
      return;
    }
  }

  /** Fails what waits for an answer. @param {string} why */
  fail(why) {
    this.#fault ??= why;
    this.#waiting?.();
  }

  /** @param {string} line @param {Buffer} [bytes] @returns {Promise<Buffer>} */
  async ask(line, bytes = Buffer.alloc(0)) {
    this.#socket?.write(Buffer.concat([Buffer.from(`${line}\n`), bytes]));
    return this.answer();
  }

  /** The next answer. @returns {Promise<Buffer>} */
  async answer() {
    let end;
    while ((end = this.#held.indexOf(0x0a)) < 0) await this.#more();
    const [, word, size] =
      /^(ok|refused) (\d+)$/.exec(
        this.#take(end + 1)
          .toString("latin1")
          .trimEnd(),
      ) ?? [];
    if (word === undefined) throw new Error("expected an answer of the machine's, got something else");
    while (this.#held.length < Number(size)) await this.#more();
    const bytes = this.#take(Number(size));
    if (word === "refused") throw new Refused(bytes.toString().trimEnd());
    return bytes;
  }

  /** @param {import("node:net").Socket} socket */
  #use(socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#held = Buffer.concat([this.#held, bytes]);
      this.#waiting?.();
    });
    socket.on("error", () => {});
  }

  #more() {
    if (this.#fault !== undefined) throw new Error(this.#fault);
    return new Promise((resolve) => {
      this.#waiting = () => resolve(undefined);
    });
  }

  /** @param {number} count */
  #take(count) {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }
}
