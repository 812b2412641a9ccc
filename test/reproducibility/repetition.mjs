/** Learns a workload again and again: how many states result, which rules of the lens apply, and which of them it needs. */
import { rmSync } from "node:fs";
import { lensRules } from "@isoline/core/identity";
import { assertEndedWell, difference, run } from "./experiment.mjs";
import { Origin } from "./place.mjs";

/** @typedef {import("./place.mjs").Workload} Workload */
/** @typedef {import("./experiment.mjs").Run} Run */
/** @typedef {import("./experiment.mjs").How} How */

/**
 * @typedef {object} Row
 * @property {string} says what the workload does
 * @property {number} runs that learnt
 * @property {number} states that resulted
 * @property {number} points
 * @property {number} events
 * @property {Readonly<Record<string, number>>} fired rules of the lens that changed a value
 * @property {readonly string[]} needed rules without which two runs already differ
 * @property {string} check result of one more run
 * @property {readonly string[]} differs points that not every run has, or that were off contour
 * @property {readonly string[]} incomplete
 */

/** The meaning of the exit statuses of a check (docs/exit-codes.md). */
const ENDINGS = new Map([
  [0, "on contour"],
  [3, "off contour"],
  [4, "incomplete"],
]);

/** The rules that can be switched off. */
const switchable = new Set(Object.entries(lensRules).flatMap(([name, { switchable }]) => (switchable ? [name] : [])));

/**
 * Learns `runs` times from clean starts, then checks one more run.
 *
 * @param {Workload} workload @param {{ runs: number, needs: boolean }} order @returns {Promise<Row>}
 */
export async function repeat(workload, { runs, needs }) {
  const origin = await Origin.of(workload);
  try {
    const learnt = [];
    for (let n = 0; n < runs; n++) learnt.push(await at(origin, n, workload));
    const [first] = learnt;
    if (first === undefined) throw new Error("nothing was learnt");
    const checked = await at(origin, runs, workload, { does: "check", against: first });
    const fired = Object.fromEntries(Object.entries(first.report.firings).filter(([, count]) => count > 0));
    const needed = [];
    for (const rule of needs ? Object.keys(fired) : [])
      if (switchable.has(rule) && (await differWithout(origin, workload, rule))) needed.push(rule);
    const departures = checked.report.departures.map(({ act }) => `! ${act}`);
    const differs = new Set([...learnt.flatMap((each) => difference(first, each)), ...departures]);
    return {
      says: workload.says,
      runs,
      states: new Set(learnt.map(({ state }) => state)).size,
      points: first.report.points,
      events: first.report.events,
      fired,
      needed,
      check: ENDINGS.get(checked.status) ?? `status ${checked.status}`,
      differs: [...differs],
      incomplete: [...learnt, checked].flatMap(({ report }) => report.incomplete.map(({ reason }) => reason)),
    };
  } finally {
    origin.remove();
  }
}

/** Two runs at different places, with one rule switched off. @param {Origin} origin @param {Workload} workload @param {string} rule */
async function differWithout(origin, workload, rule) {
  const [one, other] = [
    await at(origin, 0, workload, { without: rule }),
    await at(origin, 1, workload, { without: rule }),
  ];
  return one.state !== other.state;
}

/**
 * Runs once at the nth clean start, which is removed afterwards.
 *
 * @param {Origin} origin @param {number} n @param {Workload} workload @param {How} [how] @returns {Promise<Run>}
 */
export async function at(origin, n, workload, how = {}) {
  const place = origin.place(n);
  try {
    const outcome = await run(workload, place, how);
    if (how.does !== "check") assertEndedWell(workload, outcome);
    return outcome;
  } finally {
    rmSync(place.top, { recursive: true, force: true });
  }
}
