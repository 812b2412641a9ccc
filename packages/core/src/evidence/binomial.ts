/**
 * What a number of trials says about a share: the exact bound of Clopper and Pearson (Biometrika 26, 1934), on one side. It is
 * the largest share under which so few successes, or fewer, still have a probability of 5 %.
 */

/** The probability that a bound at 95 % is too low. */
const RISK = 0.05;
/** Halvings of the interval: more than a double can tell apart. */
const HALVINGS = 60;

/** The share that is not exceeded, at 95 %, after `successes` of `trials`. Zero of n gives about 3 / n; no trial gives 1. */
export function upperBound(successes: number, trials: number): number {
  if (successes >= trials) return 1;
  let low = successes / trials;
  let high = 1;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (isBounded(successes, trials, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Whether that bound is at most `share`. */
export function isBounded(successes: number, trials: number, share: number): boolean {
  if (successes >= trials) return share >= 1;
  return share >= 1 || atMost(successes, trials, share) <= RISK;
}

/** Probability of at most so many successes where each trial succeeds with probability `share`, between 0 and 1. */
function atMost(successes: number, trials: number, share: number): number {
  const odds = Math.log(share) - Math.log1p(-share);
  let term = trials * Math.log1p(-share);
  let sum = Math.exp(term);
  for (let count = 1; count <= successes; count++) {
    term += Math.log((trials - count + 1) / count) + odds;
    sum += Math.exp(term);
  }
  return sum;
}
