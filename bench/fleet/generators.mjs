/** The load generators, from the side of the benchmark: several processes that share the nodes among them. */
import { fork } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/**
 * @typedef {import("./load.mjs").Tally & { readonly processor: { readonly user: number, readonly system: number } }} Told
 * @typedef {{ readonly name: string, readonly complete: boolean | undefined, readonly changes: number }} Acknowledged
 */

/** A load that does not go on for so long never will. */
const PATIENCE_MS = 60_000;

export class Generators {
  #children;
  #asked = 0;

  /** @param {number} count */
  constructor(count) {
    const path = fileURLToPath(new URL("generator.mjs", import.meta.url));
    this.#children = Array.from({ length: count }, () => fork(path, { serialization: "advanced" }));
  }

  /** Shares the nodes among the processes. @param {Omit<import("./load.mjs").Order, "from" | "to">} order @param {number} nodes */
  async start(order, nodes) {
    const share = Math.ceil(nodes / this.#children.length);
    await this.#all("start", (at) => ({ ...order, from: at * share, to: Math.min(nodes, (at + 1) * share) }));
  }

  /** Waits until every node has attested since the start, or since `countAnew`. @param {number} nodes */
  async everyNode(nodes) {
    for (let [most, until] = [0, 0]; ; await wait(50)) {
      const done = sum(/** @type {number[]} */ (await this.#all("attestedNodes")));
      if (done === nodes) return;
      if (done > most || until === 0) until = performance.now() + PATIENCE_MS;
      most = Math.max(most, done);
      if (performance.now() < until) continue;
      const { refused } = await this.tally();
      throw new Error(`expected answers to ${nodes} nodes, got ${done}: ${JSON.stringify(refused)}`);
    }
  }

  /** While it pauses it sends nothing more. @param {boolean} isPaused */
  pause(isPaused) {
    return this.#all("pause", () => isPaused);
  }

  begin() {
    return this.#all("begin");
  }

  countAnew() {
    return this.#all("countAnew");
  }

  /** What was done since `begin`, all processes together. @returns {Promise<Told>} */
  async tally() {
    const all = /** @type {Told[]} */ (await this.#all("tally"));
    /** @type {Record<string, number>} */
    const refused = {};
    for (const one of all)
      for (const [why, times] of Object.entries(one.refused)) refused[why] = (refused[why] ?? 0) + times;
    return {
      attested: sum(all.map(({ attested }) => attested)),
      deltas: sum(all.map(({ deltas }) => deltas)),
      requests: sum(all.map(({ requests }) => requests)),
      late: all.flatMap(({ late }) => late),
      took: all.flatMap(({ took }) => took),
      told: all.flatMap(({ told }) => told),
      refused,
      processor: {
        user: sum(all.map(({ processor }) => processor.user)),
        system: sum(all.map(({ processor }) => processor.system)),
      },
    };
  }

  /** @returns {Promise<Acknowledged[]>} */
  async acknowledged() {
    return /** @type {Acknowledged[][]} */ (await this.#all("acknowledged")).flat();
  }

  /** Ends the load: what was sent is answered first. */
  stop() {
    return this.#all("stop");
  }

  close() {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  /** @param {string} act @param {(at: number) => unknown} [told] */
  #all(act, told) {
    return Promise.all(this.#children.map((child, at) => this.#ask(child, act, told?.(at))));
  }

  /** @param {import("node:child_process").ChildProcess} child @param {string} act @param {unknown} told @returns {Promise<unknown>} */
  #ask(child, act, told) {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`a load generator ended before it answered to ${act}`));
      const heard = (/** @type {any} */ message) => {
        if (message.id !== id) return;
        child.off("message", heard).off("exit", ended);
        resolve(message.answer);
      };
      child.on("message", heard).once("exit", ended);
      child.send({ id, act, told });
    });
  }
}

/** @param {readonly number[]} numbers */
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
