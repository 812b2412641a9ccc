/** Statistics of many figures: medians and quartiles, because a mean follows the other load of a shared machine. */

/** @param {readonly number[]} figures @param {number} part between 0 and 1 @returns {number} */
export function quantile(figures, part) {
  if (figures.length === 0) throw new Error("expected at least one figure, got none");
  const sorted = figures.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const low = /** @type {number} */ (sorted[below]);
  const high = sorted[below + 1] ?? low;
  return low + (high - low) * (place - below);
}

/** @param {readonly number[]} figures */
export const median = (figures) => quantile(figures, 0.5);

/**
 * @typedef {object} Summary
 * @property {number} median
 * @property {readonly [number, number]} quartiles
 * @property {readonly [number, number]} range
 */

/** @param {readonly number[]} figures @returns {Summary} */
export function summary(figures) {
  return {
    median: median(figures),
    quartiles: [quantile(figures, 0.25), quantile(figures, 0.75)],
    range: [quantile(figures, 0), quantile(figures, 1)],
  };
}

/**
 * Compares figures that were taken in turn: the two of one round were taken under the same load.
 *
 * @param {readonly number[]} figures @param {readonly number[]} base
 */
export function paired(figures, base) {
  const rounds = figures.slice(0, base.length).map((figure, round) => [figure, /** @type {number} */ (base[round])]);
  return {
    /** The ratio of the two medians. */
    ratio: median(figures) / median(base),
    ratios: summary(rounds.map(([figure = 0, other = 1]) => figure / other)),
    differences: summary(rounds.map(([figure = 0, other = 0]) => figure - other)),
  };
}
