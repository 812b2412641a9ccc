/** Predicts from the first recorded runs of a workload, and counts which of the later ones depart. */
import { confidenceOf, estimateOf } from "@isoline/core/evidence";
import { sha256 } from "@isoline/core/digest";
import { evidenceOf, learnt, loadRuns, pointsOf } from "./recordings.mjs";

/** @typedef {import("./workloads/script.mjs").Varying} Varying */
/** @typedef {import("@isoline/core/contour").Contour} Contour */
/** @typedef {import("@isoline/core/evidence").Confidence} Confidence */
/** @typedef {import("@isoline/core/evidence").Estimate} Estimate */
/** @typedef {import("@isoline/core/digest").Digest} Digest */

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {string} says
 * @property {boolean} keeps
 * @property {number} learnt runs
 * @property {number} held runs that were held out
 * @property {number} points
 * @property {Confidence} confidence
 * @property {number} departed of the runs that were held out
 * @property {readonly { readonly runs: number, readonly share: number }[]} curve share of the held-out runs that depart from fewer runs
 * @property {Windows} windows
 * @property {Coarse} coarse
 *
 * @typedef {object} Coarse the same where acts that differ only by numbers, hexadecimal digits, modes and contents count as one
 * @property {Estimate} estimate
 * @property {number} departed
 * @property {Windows} windows
 *
 * @typedef {object} Windows the same from other runs on: learn so many, predict, and look at as many that follow
 * @property {number} count
 * @property {number} held how often the bound held
 * @property {number} error mean difference between the predicted and the observed share
 * @property {number} alone mean difference where only "what no other run did" is counted
 */

const CURVE = [1, 2, 4, 8, 16, 32];
/** Runs from one window to the next. */
const STEP = 4;

/** @param {readonly Varying[]} workloads @param {string} place @param {number} count runs to learn from @returns {Result[]} */
export function evaluate(workloads, place, count) {
  return workloads.flatMap((workload) => {
    const runs = loadRuns(place, workload.name);
    return runs.length > count ? [evaluateOne(workload, runs, count)] : [];
  });
}

/** @param {Varying} workload @param {readonly Contour[]} runs @param {number} count @returns {Result} */
function evaluateOne({ name, says, keeps }, runs, count) {
  const start = keeps ? "unknown" : "clean";
  const first = runs.slice(0, count);
  const later = runs.slice(count);
  const { contour, evidence } = learnt(first, start);
  const confidence = confidenceOf(contour, evidence);
  if (confidence === undefined) throw new Error(`${name}: no run was observed as a whole`);
  const sets = runs.map(pointsOf);
  return {
    name,
    says,
    keeps,
    learnt: count,
    held: later.length,
    points: contour.size,
    confidence,
    departed: departing(sets.slice(0, count), sets.slice(count)),
    curve: CURVE.filter((learn) => learn <= count).map((learn) => ({
      runs: learn,
      share: departing(sets.slice(0, learn), sets.slice(count)) / later.length,
    })),
    windows: slide(sets, count, start),
    coarse: coarsely(runs.map(formsOf), count, start),
  };
}

/** @param {readonly Set<Digest>[]} sets @param {number} count @param {"clean" | "unknown"} start @returns {Coarse} */
function coarsely(sets, count, start) {
  const first = sets.slice(0, count);
  return {
    estimate: estimated(first, start),
    departed: departing(first, sets.slice(count)),
    windows: slide(sets, count, start),
  };
}

/** @param {readonly Set<Digest>[]} sets @param {number} count @param {"clean" | "unknown"} start */
function slide(sets, count, start) {
  const windows = { count: 0, held: 0, error: 0, alone: 0 };
  for (let from = 0; from + 2 * count <= sets.length; from += STEP) {
    const middle = from + count;
    const first = sets.slice(from, middle);
    const estimate = estimated(first, start);
    const observed = departing(first, sets.slice(middle, middle + count)) / count;
    windows.count += 1;
    windows.held += observed <= estimate.bound ? 1 : 0;
    windows.error += Math.abs(observed - estimate.expected);
    windows.alone += Math.abs(observed - estimated(first, "clean").expected);
  }
  windows.error /= windows.count;
  windows.alone /= windows.count;
  return windows;
}

/** @param {readonly Set<Digest>[]} sets @param {"clean" | "unknown"} start */
function estimated(sets, start) {
  const estimate = estimateOf(evidenceOf(sets, start));
  if (estimate === undefined) throw new Error("expected at least one run, got none");
  return estimate;
}

/**
 * How many of the runs have a point that none of the learnt ones has.
 *
 * @param {readonly Set<Digest>[]} learnt @param {readonly Set<Digest>[]} runs
 */
function departing(learnt, runs) {
  const known = new Set(learnt.flatMap((points) => [...points]));
  return runs.filter((points) => [...points].some((point) => !known.has(point))).length;
}

/** The acts of a run, without what numbers, hexadecimal digits, modes and contents tell. @param {Contour} run */
function formsOf(run) {
  const forms = new Set();
  for (let index = 0; index < run.size; index++) {
    const programs = run.taskChain(run.actor(index).task).map(({ images }) => images[0].path);
    const act = run.profile.formatAct(run.event(index)).replace(/ (?:mode|digest|loader)=\S*/g, "");
    forms.add(`${programs.join(" ")}: ${act}`.replace(/[0-9a-f]{6,}|[0-9]+/g, "#"));
  }
  return new Set([...forms].map((form) => sha256(Buffer.from(form))));
}
