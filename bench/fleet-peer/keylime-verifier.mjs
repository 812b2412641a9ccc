/** Keylime's own verifier as its operator starts it, and the process that is all of its agents. */
import { fork, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { attestationKey, encode, publicArea } from "../../packages/attest/dist/tpm/index.js";
import { environmentIn, registerPolicy, runtimePolicy } from "./keylime-setting.mjs";
import { processorOf } from "./processor.mjs";

const here = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));

/** @typedef {{ readonly tree: string, readonly python: string }} Source */

export class KeylimeVerifier {
  #agent = fork(here("agent.mjs"));
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #verifier;
  #source;
  #folder;
  /** @type {NodeJS.ProcessEnv} */
  #env = {};

  /** @param {Source} source @param {string} folder */
  constructor(source, folder) {
    this.#source = source;
    this.#folder = folder;
  }

  /**
   * Starts the verifier, and agents that are all like this node but have a key in software.
   *
   * @param {import("./node.mjs").Answers} node @param {number} agents
   */
  async start({ boot, files, first }, agents) {
    const tls = this.#certificate();
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = pair.privateKey.export({ type: "pkcs8", format: "pem" });
    const port = await this.#ask("start", { tls, key, first: first.keylime.body });
    const order = {
      ...{ port, agents, ak: tpmForm(pair.publicKey), certificate: tls.cert },
      ...{ policy: runtimePolicy(files), tpm_policy: registerPolicy(boot) },
    };
    writeFileSync(this.#order, JSON.stringify(order));
    this.#env = environmentIn(this.#folder, await freePort());
    const words = [here("keylime-server.py"), this.#source.tree, this.#order];
    // A group of its own: its workers and its shared memory are processes too.
    this.#verifier = spawn(this.#source.python, words, {
      ...{ cwd: this.#folder, env: this.#env, detached: true, stdio: ["ignore", "ignore", "pipe"] },
    });
    this.#verifier.stderr?.on("data", (text) => (this.said = (this.said + String(text)).slice(-2000)));
  }

  said = "";

  /** @returns {Promise<number>} */
  answered() {
    return this.#ask("answered");
  }

  /** While its agents pause the verifier waits for them. @param {boolean} isPaused */
  pause(isPaused) {
    return this.#ask("pause", isPaused);
  }

  /** Seconds of the processors that the verifier has used, all its processes together. */
  get processor() {
    return processorOf(/** @type {number} */ (this.#verifier?.pid));
  }

  get hasEnded() {
    return this.#verifier === undefined || this.#verifier.exitCode !== null || this.#verifier.signalCode !== null;
  }

  /** What its database says of its agents. @returns {{ attested: number, least: number, refused: readonly string[] }} */
  states() {
    const words = [here("keylime-server.py"), this.#source.tree, this.#order, "states"];
    const { status, stdout, stderr } = spawnSync(this.#source.python, words, { env: this.#env, encoding: "utf8" });
    if (status !== 0) throw new Error(`keylime-server.py: ${stderr.slice(-1000)}`);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  }

  end() {
    this.#agent.kill("SIGKILL");
    const pid = this.#verifier?.pid;
    if (pid !== undefined && !this.hasEnded) process.kill(-pid, "SIGKILL");
  }

  get #order() {
    return join(this.#folder, "agents.json");
  }

  #certificate() {
    const [key, cert] = [join(this.#folder, "agent.key"), join(this.#folder, "agent.pem")];
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert];
    const names = ["-subj", "/CN=agent", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
    const { status, stderr } = spawnSync("openssl", ["req", "-x509", ...made, ...names], { encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl req: ${stderr.slice(-1000)}`);
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  }

  /** @param {string} act @param {unknown} [told] @returns {Promise<number>} */
  #ask(act, told) {
    const answer = new Promise((/** @type {(answer: number) => void} */ resolve, reject) => {
      const ended = () => reject(new Error(`the agents ended before they answered to ${act}`));
      this.#agent.once("exit", ended);
      this.#agent.once("message", (/** @type {any} */ message) => {
        this.#agent.off("exit", ended);
        resolve(message.answer);
      });
    });
    this.#agent.send({ act, told });
    return answer;
  }
}

/** TPM2B_PUBLIC in base64. @param {import("node:crypto").KeyObject} key */
function tpmForm(key) {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const unique = { x: Uint8Array.from(Buffer.from(x, "base64url")), y: Uint8Array.from(Buffer.from(y, "base64url")) };
  const area = encode(publicArea, /** @type {any} */ ({ is: "ecc", value: { ...attestationKey.value, unique } }));
  return Buffer.concat([Buffer.of(area.length >> 8, area.length & 0xff), area]).toString("base64");
}

/** @returns {Promise<number>} */
function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
