/** Keylime's judgement of quotes, in a process of Python that loads it from a folder of its source. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { environmentIn, registerPolicy, runtimePolicy } from "./keylime-setting.mjs";

/**
 * @typedef {object} Run
 * @property {readonly number[]} before answers that are judged first, and not timed
 * @property {readonly number[]} timed
 * @property {number} times each time on an agent that is new
 * @property {boolean} reads_policy whether each judgement reads the runtime policy, as Keylime's verifier does
 *
 * @typedef {{ readonly seconds: number, readonly refused: readonly string[] }} Ran
 */

export class Keylime {
  #child;
  #lines;

  /** @param {import("node:child_process").ChildProcessByStdio<any, any, null>} child */
  constructor(child) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Starts it; what it says when it cannot be loaded is the fault.
   *
   * @param {string} tree @param {string} python @param {string} folder
   */
  static async start(tree, python, folder) {
    const words = [fileURLToPath(new URL("keylime.py", import.meta.url)), tree];
    const env = environmentIn(folder);
    const child = spawn(python, words, { cwd: folder, env, stdio: ["pipe", "pipe", "ignore"] });
    const keylime = new Keylime(child.on("error", () => {}));
    const { fault, python: version } = await keylime.#answer();
    if (fault !== undefined) throw new Error(fault);
    return { keylime, version: /** @type {string} */ (version) };
  }

  /** @param {import("./node.mjs").Answers} node @param {boolean} withBootLog */
  async agent({ ak, boot, files, first, altered, steady, grown }, withBootLog) {
    await this.#ask({
      ...{ act: "agent", ak, policy: runtimePolicy(files), tpm_policy: registerPolicy(boot) },
      // Keylime compares registers with the log for a policy that is not empty.
      mb_policy: withBootLog ? JSON.stringify({ any: "boot" }) : null,
      answers: [first, altered, ...steady, ...grown].map(({ keylime }) => keylime),
    });
  }

  /** @param {Run} order @returns {Promise<Ran>} */
  run(order) {
    return this.#ask({ act: "run", ...order });
  }

  end() {
    this.#child.kill();
  }

  /** @param {object} order */
  #ask(order) {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    return this.#answer();
  }

  /** @returns {Promise<any>} */
  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("Keylime's process ended; start bench/fleet-peer/keylime.py by hand to see why");
    return JSON.parse(value);
  }
}
