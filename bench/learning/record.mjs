/**
 * Records every workload: each run once, as the set of acts that it did. The workloads take turns, so that an interrupted
 * recording has equally many runs of each. What is recorded already stays; a workload that keeps its state begins anew, because
 * that state is gone.
 */
import { rmSync } from "node:fs";
import { missing, run as observe } from "../../test/reproducibility/experiment.mjs";
import { Origin } from "../../test/reproducibility/place.mjs";
import { forget, keepRun, recordedRuns } from "./recordings.mjs";

/** @typedef {import("./workloads/script.mjs").Varying} Varying */

/**
 * A workload that fails or is not observed as a whole in a run would be recorded as what it is not, so its recording ends there.
 *
 * @param {readonly Varying[]} workloads @param {string} place @param {number} runs
 */
export async function record(workloads, place, runs) {
  /** @type {Recording[]} */
  let going = [];
  for (const workload of workloads) {
    const lacking = missing(workload);
    if (lacking.length > 0) console.log(`skipped ${workload.name}: not installed: ${lacking.join(", ")}`);
    else if (recordedRuns(place, workload.name) < runs) going.push(await Recording.begin(workload, place));
  }
  while (going.length > 0) {
    const still = [];
    for (const recording of going) {
      if (recording.runs < runs && (await recording.next())) still.push(recording);
      else recording.end();
    }
    going = still;
  }
}

class Recording {
  #workload;
  #place;
  #origin;
  /** The directories that a workload keeps from run to run. */
  #kept;
  runs;

  /** @param {Varying} workload @param {string} place @param {Origin} origin @param {number} runs */
  constructor(workload, place, origin, runs) {
    this.#workload = workload;
    this.#place = place;
    this.#origin = origin;
    this.#kept = workload.keeps ? origin.place(0) : undefined;
    this.runs = runs;
  }

  /** @param {Varying} workload @param {string} place */
  static async begin(workload, place) {
    if (workload.keeps) forget(place, workload.name);
    return new Recording(workload, place, await Origin.of(workload), recordedRuns(place, workload.name));
  }

  /** False if the workload failed. */
  async next() {
    const { name } = this.#workload;
    const run = this.runs + 1;
    const directories = this.#kept ?? this.#origin.place(0);
    try {
      const environment = { SEED: String(run * 7919), RUN: String(run) };
      const began = Date.now();
      const { status, stderr, lines, report } = await observe(this.#workload, directories, {
        environment,
        presets: this.#workload.presets ?? [],
      });
      if (status !== 0) {
        console.log(`${name}: run ${run} failed with status ${status}: ${stderr.slice(-1000)}`);
        return false;
      }
      keepRun(this.#place, name, run, lines.join("\n"));
      const lost = report.incomplete.map(({ reason }) => `, incomplete: ${reason}`).join("");
      console.log(
        `${name}: run ${run}, ${report.points} points in ${((Date.now() - began) / 1000).toFixed(1)} s${lost}`,
      );
      this.runs = run;
      return true;
    } finally {
      if (directories !== this.#kept) rmSync(directories.top, { recursive: true, force: true });
    }
  }

  end() {
    this.#origin.remove();
    if (this.#kept !== undefined) rmSync(this.#kept.top, { recursive: true, force: true });
  }
}
