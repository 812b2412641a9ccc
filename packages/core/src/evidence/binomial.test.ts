import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBounded, upperBound } from "./binomial.ts";

describe("the bound of a share", () => {
  it("is that of the tables", () => {
    // scipy.stats.beta.ppf(0.95, k + 1, n - k)
    expect(upperBound(8, 16)).toBeCloseTo(0.7214, 4);
    expect(upperBound(1, 16)).toBeCloseTo(0.264, 3);
    expect(upperBound(0, 16)).toBeCloseTo(0.1707, 4);
    expect(upperBound(3, 100)).toBeCloseTo(0.0757, 4);
  });

  it("is about 3 / n where nothing was seen, and needs 59 trials for 5 %, 29 for 10 %", () => {
    expect(upperBound(0, 300)).toBeCloseTo(3 / 300, 3);
    const needed = (share: number) => {
      let trials = 1;
      while (!isBounded(0, trials, share)) trials += 1;
      return trials;
    };
    expect(needed(0.05)).toBe(59);
    expect(needed(0.1)).toBe(29);
  });

  it("says nothing without a trial, or where every trial succeeded", () => {
    expect(upperBound(0, 0)).toBe(1);
    expect(upperBound(5, 5)).toBe(1);
    expect(isBounded(0, 0, 0.99)).toBe(false);
  });

  it("falls with trials and rises with successes, up to many runs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (trials, drawn) => {
        const successes = drawn % trials;
        const bound = upperBound(successes, trials);
        expect(bound).toBeGreaterThan(successes / trials);
        expect(bound).toBeLessThanOrEqual(1);
        expect(upperBound(successes, trials + 1)).toBeLessThan(bound);
        expect(upperBound(successes + 1, trials)).toBeGreaterThan(bound);
      }),
      { numRuns: 60 },
    );
  });
});
