/**
 * Runs a command outside or inside a namespace: the same program, user, directory, environment and limits, so that the results
 * can be compared.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Where a command runs: bare; inside, learning; or inside, in watch mode under a contour that permits almost nothing, so that
 * every act is off contour, explained and allowed.
 *
 * @typedef {"outside" | "learn" | "watch"} Side
 */

/** @type {readonly Side[]} */
export const insides = ["learn", "watch"];

const checkout = process.env["ISOLINE_CHECKOUT"] ?? fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const isoline = join(checkout, "packages/isoline/bin/isoline");

/** Whether another user could start isoline and Node: a checkout in a user's home is closed to other users. */
const isOpenToAll = [isoline, process.execPath].every((path) => {
  for (let at = dirname(realpathSync(path)); at !== "/"; at = dirname(at))
    if ((statSync(at).mode & 0o001) === 0) return false;
  return true;
});

/** A user without a name, who owns nothing and runs nothing else. */
export const ORDINARY = 61_000;
/** The user `nobody`, for programs that want a name. */
export const NOBODY = 65_534;

/** The programs of the system, before any others that a developer has on PATH. */
const PATH = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`;
const KEPT_OUTPUT = 4_000_000;

/**
 * @typedef {object} Order
 * @property {readonly string[]} command
 * @property {Side} side
 * @property {number} seconds the time limit; a command that takes longer hangs, and is ended
 * @property {number | undefined} uid run as this user, if the caller is root and the checkout is open to all; undefined for the
 * caller
 * @property {Record<string, string>} [env]
 * @property {(pids: readonly number[]) => void} [onHang] may inspect a hanging command before it is ended
 */

/**
 * @typedef {object} Outcome
 * @property {number} status exit status; 128 + n when signal n ended it
 * @property {string} output both streams, in the order in which they came
 * @property {number} seconds
 * @property {boolean} hung
 * @property {readonly string[]} losses the reasons of losses, each with its count
 * @property {number} events
 * @property {number} left processes that were still running at the end
 */

/**
 * Runs a command in a new directory, and removes the directory and all its processes afterwards.
 *
 * @param {Order} order @returns {Promise<Outcome>}
 */
export async function runWorkload(order) {
  const user = process.getuid?.() === 0 && isOpenToAll ? order.uid : undefined;
  const directory = ownDirectory(user);
  const notes = ownDirectory(user);
  const report = join(notes, "report.json");
  try {
    if (order.side === "watch")
      await runCommand(
        [isoline, "learn", "-q", "-o", join(notes, "narrow"), "--", "/bin/true"],
        order,
        user,
        directory,
      );
    const outcome = await runCommand(wrapped(order, notes, report), order, user, directory);
    return { ...outcome, ...readReport(report) };
  } finally {
    // Node cannot remove a file below a path that is too long; rm can.
    spawnSync("rm", ["-rf", directory, notes]);
  }
}

/** @param {Order} order @param {string} notes @param {string} report */
function wrapped({ side, command }, notes, report) {
  switch (side) {
    case "outside":
      return command;
    case "learn":
      return [isoline, "learn", "-q", "-o", join(notes, "contour"), "--report", report, "--", ...command];
    case "watch":
      return [isoline, "run", "-q", join(notes, "narrow"), "--report", report, "--", ...command];
  }
}

/** @param {number | undefined} user */
function ownDirectory(user) {
  const directory = mkdtempSync(join(tmpdir(), "foreign-"));
  chmodSync(directory, 0o755);
  if (user !== undefined) chownSync(directory, user, user);
  return directory;
}

/** @param {string} file */
function readReport(file) {
  try {
    const { events, incomplete } = JSON.parse(readFileSync(file, "utf8"));
    return {
      events,
      losses: incomplete.map(
        (/** @type {{ reason: string, count: number }} */ { reason, count }) => `${count}× ${reason}`,
      ),
    };
  } catch {
    return { events: 0, losses: [] };
  }
}

/**
 * @param {readonly string[]} command @param {Order} order @param {number | undefined} user @param {string} directory
 * @returns {Promise<Omit<Outcome, "losses" | "events">>}
 */
function runCommand(command, order, user, directory) {
  const mark = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  const asUser = user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn("nice", ["-n", "10", ...asUser, ...command], {
      cwd: directory,
      env: { PATH, HOME: directory, TMPDIR: directory, LANG: "C.UTF-8", ...order.env, ISOLINE_FOREIGN: mark },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    let hung = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output = (output + chunk).slice(-KEPT_OUTPUT);
      });
    }
    const limit = setTimeout(() => {
      hung = true;
      order.onHang?.(marked(mark));
      endMarked(mark);
      child.stdout.destroy();
      child.stderr.destroy();
    }, order.seconds * 1000);
    let status = 127;
    child.on("error", () => {});
    child.on("exit", (code, signal) => {
      status = code ?? 128 + signalNumber(signal);
    });
    child.on("close", () => {
      clearTimeout(limit);
      const left = hung ? 0 : endMarked(mark);
      resolve({ status, output, hung, left, seconds: (Date.now() - started) / 1000 });
    });
  });
}

/** @param {string | null} signal its name */
function signalNumber(signal) {
  return Number(Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0);
}

/**
 * Every process with the mark in its environment, even in another session or process group.
 *
 * @param {string} mark @returns {number[]}
 */
function marked(mark) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`ISOLINE_FOREIGN=${mark}\0`);
      } catch {
        return false;
      }
    });
}

/** @param {string} mark */
function endMarked(mark) {
  let ended = 0;
  for (let rounds = 0; rounds < 20; rounds++) {
    const pids = marked(mark);
    if (pids.length === 0) break;
    ended = Math.max(ended, pids.length);
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  return ended;
}
