/** A verifier as an operator starts it: the built command line, in a process of its own, over TLS. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { repository } from "../../tools/run.mjs";

/** Ticks of the processor's clock a second, as /proc shows them (proc_pid_stat(5); Linux has 100 on all that we run on). */
const TICKS = 100;

export class Verifier {
  #child;

  /** @param {import("node:child_process").ChildProcess} child @param {import("./wire.mjs").Target} target @param {string} token */
  constructor(child, target, token) {
    this.#child = child;
    this.target = target;
    this.token = token;
  }

  /**
   * With `profile`, Node writes into that folder where the processor's time went.
   *
   * @param {string} place @param {object} configuration
   * @param {{ ca: string, token: string, profile?: string | undefined }} how
   * @returns {Promise<Verifier>}
   */
  static start(place, configuration, { ca, token, profile }) {
    const path = join(place, "verifier.yaml");
    writeFileSync(path, JSON.stringify(configuration), { mode: 0o600 });
    const main = join(repository, "packages/isoline/dist/cli/main.js");
    const profiled = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
    const words = [...profiled, "--disable-warning=ExperimentalWarning", main, "verifier", "--config", path];
    const child = spawn(process.execPath, words, {
      env: { PATH: "/usr/bin:/bin", HOME: place },
      stdio: ["ignore", "ignore", "pipe"],
    });
    return new Promise((resolve, reject) => {
      let said = "";
      child.stderr?.setEncoding("utf8").on("data", (text) => {
        said = (said + text).slice(-10_000);
        const [, host = "", port] = /listening at https:\/\/([\d.]+):(\d+)/.exec(said) ?? [];
        if (port !== undefined) resolve(new Verifier(child, { host, port: Number(port), ca }, token));
      });
      child.once("exit", (status) => reject(new Error(`the verifier ended with ${status}: ${said}`)));
    });
  }

  /** Seconds of the processors that it has used, all its threads together. */
  get processor() {
    // Behind the name of the program, which may have spaces: utime and stime are the members 14 and 15.
    const [, rest = ""] = /\) (.*)/s.exec(readFileSync(`/proc/${this.#child.pid}/stat`, "latin1")) ?? [];
    const members = rest.split(" ");
    return (Number(members[11]) + Number(members[12])) / TICKS;
  }

  /** Resident memory in megabytes, now and at most. */
  get memory() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "latin1");
    const of = (/** @type {string} */ name) =>
      (Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) * 1024) / 1e6;
    return { now: of("VmRSS"), most: of("VmHWM") };
  }

  /** How much evidence was judged and written, because it was news. */
  async news() {
    const { body } = await this.call("GET", "/metrics");
    const all = body.matchAll(/^isoline_verifier_appraisals_total\{state="[a-z]+",news="true"\} (\d+)$/gm);
    return Array.from(all, ([, times]) => Number(times)).reduce((sum, times) => sum + times, 0);
  }

  /** @param {string} method @param {string} path @param {string | Buffer} [body] @returns {Promise<{ status: number, body: string }>} */
  call(method, path, body) {
    const { host, port, ca } = this.target;
    const headers = {
      authorization: `Bearer ${this.token}`,
      ...(body !== undefined && {
        "content-length": Buffer.byteLength(body),
        "content-type": "application/octet-stream",
      }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ host, port, ca, servername: "localhost", method, path, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (/** @type {string} */ more) => (text += more));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  /** @param {string} path @param {string | Buffer} body */
  async put(path, body) {
    const { status, body: said } = await this.call("PUT", path, body);
    if (status < 200 || status > 299) throw new Error(`${path}: status ${status}: ${said}`);
  }

  /** Gives the signal, and waits until it has ended. @param {"SIGTERM" | "SIGKILL"} signal */
  async end(signal) {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    await ended;
  }
}
