/** Learns a workload from clean starts, or checks it, and compares two runs. */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentOf, own, searchPath } from "./place.mjs";

/** @typedef {import("./place.mjs").Workload} Workload */
/** @typedef {import("./place.mjs").Place} Place */

const fromHere = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** The command line under test: this checkout's, or another one for comparison. */
export const program = process.env["ISOLINE"] ?? fromHere("../../packages/isoline/bin/isoline");

/** Whether the packages are built: the command line runs from compiled files. */
export const isBuilt = existsSync(fromHere("../../packages/isoline/dist/cli/main.js"));

/**
 * @typedef {object} Run
 * @property {number} status of isoline
 * @property {string} stdout
 * @property {string} stderr
 * @property {string} state
 * @property {readonly string[]} lines of the contour: tasks, credentials, points
 * @property {Report} report
 *
 * @typedef {object} Report
 * @property {number} points
 * @property {number} added
 * @property {number} events
 * @property {Readonly<Record<string, number>>} firings
 * @property {readonly { readonly act: string, readonly why: string }[]} departures
 * @property {readonly { readonly reason: string, readonly count: number }[]} incomplete
 */

/** The programs of a workload that are not installed. @param {Workload} workload */
export function missing(workload) {
  return workload.programs.filter((name) => !candidates(name).some(isExecutable));
}

/** @param {string} name */
function candidates(name) {
  return name.startsWith("/") ? [name] : searchPath.split(delimiter).map((directory) => join(directory, name));
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @typedef {object} How
 * @property {"learn" | "merge" | "check" | "enforce"} [does]
 * @property {readonly string[]} [through] a command that starts isoline: setarch, taskset
 * @property {string} [contour] the file to learn into
 * @property {Run} [against] for a check, enforced or not: the run that learnt
 * @property {string} [without] a rule of the lens that is switched off
 * @property {readonly string[]} [presets] rules for toolchains, as a user of them would learn with
 * @property {"seccomp" | "bpf"} [sensor]
 * @property {number} [uid] the user, if the caller can choose one
 * @property {Readonly<Record<string, string>>} [environment] in addition to the workload's
 */

/**
 * Runs a workload once at a place.
 *
 * @param {Workload} workload @param {Place} place @param {How} [how] @returns {Promise<Run>}
 */
export async function run(
  workload,
  place,
  { does = "learn", through = [], contour, against, without, presets = [], sensor = "seccomp", uid, environment } = {},
) {
  const files = mkdtempSync(join(tmpdir(), "outcome-"));
  const actor = workload.uid ?? uid;
  try {
    const file = contour ?? join(files, "contour");
    const report = join(files, "report");
    const policy = join(files, "policy.json");
    if (against) writeFileSync(file, against.lines.join("\n"));
    if (without) writeFileSync(policy, JSON.stringify({ rules: { [without]: false } }));
    if (actor !== undefined) for (const directory of [files, place.top]) own(directory, actor);
    const learning = [
      "learn",
      "-o",
      file,
      ...(does === "merge" ? ["--merge"] : []),
      ...(without ? ["--lens", policy] : []),
      ...presets.flatMap((preset) => ["--preset", preset]),
    ];
    const checking = ["check", file, ...(does === "enforce" ? ["--enforce"] : [])];
    const order = does === "check" || does === "enforce" ? checking : learning;
    const more = ["-q", "--sensor", sensor, "--report", report];
    const words = [...through, program, ...order, ...more, "--", ...workload.command];
    const ending = await ended(words, place.cwd, environmentOf(workload, place, environment), actor);
    if (!existsSync(report))
      throw new Error(`${workload.name}: no report; status ${ending.status}: ${ending.stderr.slice(-2000)}`);
    const said = JSON.parse(readFileSync(report, "utf8"));
    return { ...ending, state: said.state, lines: readFileSync(file, "utf8").split("\n"), report: said };
  } finally {
    rmSync(files, { recursive: true, force: true });
  }
}

/**
 * A failed run says nothing about reproducibility: a workload that fails does something else.
 *
 * @param {Workload} workload @param {Run} outcome
 */
export function assertEndedWell(workload, { status, stderr }) {
  if (status !== 0) throw new Error(`${workload.name} ended with status ${status}: ${stderr.slice(-2000)}`);
}

/**
 * @param {readonly string[]} words @param {string} cwd @param {Record<string, string>} env @param {number | undefined} uid
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
function ended([file = "", ...args], cwd, env, uid) {
  return new Promise((resolve, reject) => {
    const identity = uid === undefined ? {} : { uid, gid: uid };
    const child = spawn(file, args, { cwd, env, ...identity, stdio: ["ignore", "pipe", "pipe"] });
    const parts = { stdout: "", stderr: "" };
    for (const name of /** @type {const} */ (["stdout", "stderr"])) {
      child[name].setEncoding("utf8").on("data", (text) => {
        parts[name] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ status: code ?? (signal ? 128 : 255), ...parts }));
  });
}

/** The points of a contour, each with its actor, as comparable text. @param {readonly string[]} lines */
function pointsOf(lines) {
  const points = new Set();
  let actor = "";
  for (const line of lines) {
    if (!line.startsWith(" ")) actor = line.startsWith("by ") ? line.slice(3) : "";
    else if (actor !== "") points.add(`${actor}: ${line.trim().replace(/ [0-9a-f]{64}$/, "")}`);
  }
  return points;
}

/** The points that only one of two runs has. @param {Run} one @param {Run} other */
export function difference(one, other) {
  const [a, b] = [pointsOf(one.lines), pointsOf(other.lines)];
  return [
    ...[...a].filter((point) => !b.has(point)).map((point) => `- ${point}`),
    ...[...b].filter((point) => !a.has(point)).map((point) => `+ ${point}`),
  ];
}
