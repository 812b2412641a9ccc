import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout that contains these tools. */
export const repository = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

const KEPT_OUTPUT = 200_000;

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * @typedef {object} Outcome
 * @property {number} status exit status; 128 + n when signal n ended it, 127 when it could not be started
 * @property {string} output the end of what it printed, when it was captured
 * @property {number} seconds
 * @property {boolean} timedOut
 */

/**
 * Runs a command to its end, without a terminal and in a process group of its own, so that all of it can be ended if it hangs.
 *
 * @param {readonly string[]} command
 * @param {{ cwd?: string, env?: Record<string, string>, show?: boolean, limitSeconds?: number }} [options]
 * @returns {Promise<Outcome>}
 */
export function run(command, { cwd = repository, env = {}, show = false, limitSeconds = 600 } = {}) {
  const started = Date.now();
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...plainEnvironment(), ...(show ? {} : { NO_COLOR: "1" }), ...env },
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
      detached: true,
    });
    running.add(child);
    let output = "";
    let timedOut = false;
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    const limit = setTimeout(() => {
      timedOut = true;
      endGroup(child, "SIGKILL");
    }, limitSeconds * 1000);
    const settle = (/** @type {number} */ status) => {
      clearTimeout(limit);
      running.delete(child);
      resolve({ status, output, seconds: (Date.now() - started) / 1000, timedOut });
    };
    child.on("error", (error) => {
      output += `${error.message}\n`;
      settle(127);
    });
    child.on("close", (code, signal) => settle(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  });
}

/** Ends every command that {@link run} still waits for. */
export function endRunning() {
  for (const child of running) endGroup(child, "SIGTERM");
}

/** @param {string} program @returns {boolean} whether a shell would find it; absolute paths are checked as they are */
export function present(program) {
  if (program.startsWith("/")) return existsSync(program);
  const places = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return places.some((place) => place !== "" && existsSync(join(place, program)));
}

/** @param {string} name @returns {string} the path of a tool that `npm ci` installed */
export const installed = (name) => join(repository, "node_modules/.bin", name);

/** Checks and tests run in the same environment under npm, under a shell, in CI and at a terminal. */
function plainEnvironment() {
  const ofTheCaller =
    /^(npm_(lifecycle_|package_|command$|execpath$|node_execpath$|config_local_prefix$)|INIT_CWD$|FORCE_COLOR$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofTheCaller.test(name)));
}

/** @param {import("node:child_process").ChildProcess} child @param {NodeJS.Signals} signal */
function endGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}
