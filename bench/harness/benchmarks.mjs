/** The list of benchmarks. Each runs in a process of its own. */
import { fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Benchmark
 * @property {string} name
 * @property {string} title
 * @property {string} method how it was measured, for readers
 * @property {number} seconds it took
 * @property {readonly import("./comparison.mjs").Comparison[]} comparisons
 */

/** @typedef {{ benchmark: string, what: string, why: string }} Skipped */
/** @typedef {{ benchmark: string, why: string }} Failed */
/**
 * @typedef {{ format: string, quick: boolean, benchmarks: Benchmark[], skipped: Skipped[], failed: Failed[] }
 *   & import("./machine.mjs").Circumstances} Results
 */

const SUFFIX = ".bench.mjs";
const MOST_MINUTES = 10;
const folder = fileURLToPath(new URL("..", import.meta.url));
/** The order on the page: from the inside out. A benchmark that is not named here comes last. */
const order = [
  "engine-known",
  "engine-verdict",
  "engine-wire",
  "tsem-replay",
  "ima-lists",
  "sensor-latency",
  "process-start",
  "bpf-sensor",
  "bpf-machine",
  "bpf-flood",
  "bpf-others",
  "start-up",
  "canister-start",
  "agent",
  "fleet",
  "fleet-peer",
  "memory",
  "workloads",
];

/** @returns {string[]} */
export function benchmarkNames() {
  const place = (/** @type {string} */ name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/**
 * @param {string} name @param {import("./session.mjs").Setting} setting
 * @returns {Promise<Benchmark & { skipped: { what: string, why: string }[], fault?: string }>}
 */
export function runAlone(name, setting) {
  const started = performance.now();
  const solo = fileURLToPath(new URL("./solo.mjs", import.meta.url));
  const child = fork(solo, [name, JSON.stringify(setting)], { execArgv: ["--expose-gc"] });
  const limited = (/** @type {number} */ minutes) => setTimeout(() => child.kill("SIGKILL"), minutes * 60_000);
  let limit = limited(MOST_MINUTES);
  return new Promise((resolve) => {
    /** @type {object | undefined} */
    let told;
    child.on("message", (message) => {
      const { minutes } = /** @type {{ minutes?: number }} */ (message);
      if (minutes === undefined) told = /** @type {object} */ (message);
      else {
        clearTimeout(limit);
        limit = limited(minutes);
      }
    });
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const fault = `ended without a result (${signal ?? `status ${code}`})`;
      const result = told ?? { skipped: [], fault };
      resolve(/** @type {any} */ ({ name, seconds, ...result }));
    });
  });
}
