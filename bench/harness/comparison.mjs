/** The result of a benchmark: contenders side by side, in one unit, and the goals of the project. */
import { paired, summary } from "./statistics.mjs";

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {readonly number[]} figures in the order they were taken
 * @property {number} median
 * @property {readonly [number, number]} quartiles
 * @property {readonly [number, number]} range
 * @property {ReturnType<typeof paired>} [against] compared with the one it is measured against, round by round
 */

/**
 * @typedef {object} Goal
 * @property {string} what
 * @property {string} reach
 * @property {string} measured
 * @property {boolean} reached
 */

/**
 * @typedef {object} Comparison
 * @property {string} what
 * @property {string} unit
 * @property {string} [against] name of the contender that the others are compared with
 * @property {"ratio" | "difference"} tell which of the two says most
 * @property {readonly Contender[]} contenders
 * @property {readonly Goal[]} goals
 * @property {readonly string[]} notes
 */

/**
 * @param {{ what: string, unit: string, figures: Readonly<Record<string, readonly number[]>>, against?: string,
 *   tell?: "ratio" | "difference", goals?: readonly Goal[], notes?: readonly string[] }} measured
 * @returns {Comparison}
 */
export function comparison({ what, unit, figures, against, tell = "ratio", goals = [], notes = [] }) {
  const base = against === undefined ? undefined : figures[against];
  const contenders = Object.entries(figures).map(([name, own]) => ({
    name,
    figures: own,
    ...summary(own),
    ...(base !== undefined && name !== against ? { against: paired(own, base) } : {}),
  }));
  return { what, unit, ...(against === undefined ? {} : { against }), tell, contenders, goals, notes };
}

/**
 * @param {string} what @param {number} figure @param {"at least" | "at most" | "below"} sense @param {number} bound
 * @param {string} unit @returns {Goal}
 */
export function goal(what, figure, sense, bound, unit) {
  const reached = sense === "at least" ? figure >= bound : sense === "at most" ? figure <= bound : figure < bound;
  const sign = { "at least": "≥", "at most": "≤", below: "<" }[sense];
  return {
    what,
    reach: `${sign} ${written(bound)} ${unit}`.trim(),
    measured: `${written(figure)} ${unit}`.trim(),
    reached,
  };
}

/** A figure with three significant digits. @param {number} figure */
export function written(figure) {
  const size = Math.abs(figure);
  const text = size >= 100 || size === 0 ? String(Math.round(figure)) : figure.toPrecision(3);
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, " ");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
