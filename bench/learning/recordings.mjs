/** Recorded runs: each is the set of acts that one run of a workload did, as a contour of its own. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { mergeContours, parseContour } from "@isoline/core/contour";
import { sha256, ZERO_DIGEST } from "@isoline/core/digest";
import { Evidence } from "@isoline/core/evidence";
import { iso1 } from "@isoline/core/profile";

/** @typedef {import("@isoline/core/contour").Contour} Contour */
/** @typedef {import("@isoline/core/digest").Digest} Digest */

/** Where recordings lie unless another place is given. */
export const DEFAULT_PLACE = join(tmpdir(), "isoline-learning");

const SUFFIX = ".contour.gz";

/** The workloads that were recorded. @param {string} place */
export function recordedNames(place) {
  if (!existsSync(place)) return [];
  return readdirSync(place, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** How many runs of a workload are recorded: those from 1 on without a gap. @param {string} place @param {string} name */
export function recordedRuns(place, name) {
  let runs = 0;
  while (existsSync(fileOf(place, name, runs + 1))) runs += 1;
  return runs;
}

/** @param {string} place @param {string} name @param {number} run @param {string} text of its contour */
export function keepRun(place, name, run, text) {
  mkdirSync(join(place, name), { recursive: true });
  const file = fileOf(place, name, run);
  writeFileSync(`${file}.new`, gzipSync(text));
  renameSync(`${file}.new`, file);
}

/** @param {string} place @param {string} name */
export function forget(place, name) {
  rmSync(join(place, name), { recursive: true, force: true });
}

/** The runs of a workload in order, each a contour. @param {string} place @param {string} name @returns {Contour[]} */
export function loadRuns(place, name) {
  return Array.from({ length: recordedRuns(place, name) }, (_, at) => loadRun(place, name, at + 1));
}

/** @param {string} place @param {string} name @param {number} run @returns {Contour} */
function loadRun(place, name, run) {
  const text = gunzipSync(readFileSync(fileOf(place, name, run)));
  return /** @type {Contour} */ (parseContour(text, { profile: iso1 }));
}

/**
 * What `learn` and `learn --merge` would have made of these runs: one contour, and the evidence beside it.
 *
 * @param {readonly Contour[]} runs @param {"clean" | "unknown"} start @returns {{ contour: Contour, evidence: Evidence }}
 */
export function learnt(runs, start) {
  const [first, ...others] = runs;
  if (first === undefined) throw new Error("expected at least one recorded run, got none");
  const evidence = new Evidence();
  for (const [at, run] of runs.entries()) {
    const incomplete = Object.fromEntries(run.incomplete.map((reason) => [reason, 1]));
    evidence.record({ ...recordOf(at, start), lens: run.policyDigest, incomplete }, sightingsOf(pointsOf(run)));
  }
  return { contour: mergeContours([first, ...others]), evidence };
}

/**
 * The evidence of runs of which only the points are of interest.
 *
 * @param {readonly Iterable<Digest>[]} runs @param {"clean" | "unknown"} start
 */
export function evidenceOf(runs, start) {
  const evidence = new Evidence();
  for (const [at, points] of runs.entries()) evidence.record(recordOf(at, start), sightingsOf(points));
  return evidence;
}

/** The points of a run. @param {Contour} run */
export function pointsOf(run) {
  return new Set(Array.from({ length: run.size }, (_, index) => run.point(index)));
}

/** @param {number} at @param {"clean" | "unknown"} start */
function recordOf(at, start) {
  return {
    id: sha256(Buffer.from(String(at))).slice(0, 16),
    when: "2026-01-01T00:00:00Z",
    command: "",
    lens: ZERO_DIGEST,
    sensor: "seccomp",
    versions: {},
    start,
    incomplete: {},
  };
}

/** @param {Iterable<Digest>} points */
const sightingsOf = (points) => Array.from(points, (point) => ({ point, occurrences: 1 }));

/** @param {string} place @param {string} name @param {number} run */
const fileOf = (place, name, run) => join(place, name, `${String(run).padStart(3, "0")}${SUFFIX}`);
