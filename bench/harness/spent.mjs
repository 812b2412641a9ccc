/** Runs a command to its end and returns its cost, supervisor and workload together. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Spent
 * @property {number} seconds of the clock
 * @property {number} cpuSeconds of all its processes together
 * @property {number} peakMegabytes resident memory of its largest process, in millions of bytes
 * @property {string} output what it printed
 */

const MOST_SECONDS = 120;

/**
 * @param {import("./session.mjs").Session} session @param {readonly string[]} command @param {string} cwd
 * @returns {Spent}
 */
export function spend(session, command, cwd) {
  const bill = join(session.scratch, "spent.txt");
  const { status, signal, stdout, stderr, error } = spawnSync(session.program("spent"), [bill, ...command], {
    cwd,
    env: environment(session),
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    timeout: MOST_SECONDS * 1000,
    killSignal: "SIGKILL",
  });
  if (error !== undefined || status !== 0)
    throw new Error(`${command.join(" ").slice(0, 200)}: ${error?.message ?? signal ?? `status ${status}`}\n${stderr}`);
  const [wall = 0, user = 0, system = 0, peak = 0, own = 0] = readFileSync(bill, "utf8").trim().split(" ").map(Number);
  if (own !== 0)
    throw new Error(`${command.join(" ").slice(0, 200)}: status ${own}\n${stdout.slice(-1000)}${stderr.slice(-2000)}`);
  return { seconds: wall / 1e9, cpuSeconds: (user + system) / 1e6, peakMegabytes: (peak * 1024) / 1e6, output: stdout };
}

/**
 * The same environment for every user: no settings of npm or git, no state of the user.
 *
 * @param {import("./session.mjs").Session} session
 */
export function environment(session) {
  const home = join(session.scratch, "home");
  const temporary = join(session.scratch, "temporary");
  const runtime = join(session.scratch, "runtime");
  mkdirSync(home, { recursive: true });
  mkdirSync(temporary, { recursive: true });
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  return {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    TMPDIR: temporary,
    XDG_RUNTIME_DIR: runtime,
    LANG: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    npm_config_update_notifier: "false",
    npm_config_audit: "false",
    npm_config_fund: "false",
  };
}
