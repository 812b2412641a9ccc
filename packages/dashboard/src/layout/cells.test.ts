import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellAt, cellsBetween, gridOf, placeOf, type Step, stepFrom } from "./cells.ts";

const groups = fc.array(fc.record({ title: fc.constant("t"), count: fc.integer({ min: 1, max: 900 }) }), {
  minLength: 1,
  maxLength: 12,
});
const widths = fc.integer({ min: 200, max: 1_600 });

describe("the grid of a fleet", () => {
  it("finds each cell again at its own place", () => {
    fc.assert(
      fc.property(groups, widths, fc.nat(), (all, width, chance) => {
        const grid = gridOf(all, width);
        const index = chance % grid.count;
        const { x, y } = placeOf(grid, index);
        expect(cellAt(grid, x + 1, y + 1)).toBe(index);
        expect(x + grid.size.width).toBeLessThanOrEqual(width);
        expect(y + grid.size.height).toBeLessThanOrEqual(grid.height);
      }),
    );
  });

  it("draws all cells over the whole height, and few in a window of it", () => {
    const grid = gridOf(
      [
        { title: "a", count: 3_000 },
        { title: "b", count: 2_000 },
      ],
      1_200,
    );
    const count = (from: number, to: number) =>
      cellsBetween(grid, from, to).reduce((sum, [first, end]) => sum + end - first, 0);
    expect(count(0, grid.height)).toBe(5_000);
    expect(count(100, 200)).toBeLessThan(grid.columns * 12);
  });

  it("comes to each border by keys, and stays there", () => {
    const backward = ["left", "first", "up", "page-up"] as const;
    const forward = ["right", "last", "down", "page-down"] as const;
    fc.assert(
      fc.property(groups, widths, fc.nat(), (all, width, chance) => {
        const grid = gridOf(all, width);
        const index = chance % grid.count;
        const led = (step: Step) => {
          let at = index;
          for (let times = 0; times < grid.count; times += 1) at = stepFrom(grid, at, step, 10);
          return at;
        };
        const height = (at: number) => placeOf(grid, at).y;
        for (const step of [...backward, ...forward]) expect(stepFrom(grid, led(step), step, 10)).toBe(led(step));
        expect([led("left"), led("first")]).toEqual([0, 0]);
        expect([led("right"), led("last")]).toEqual([grid.count - 1, grid.count - 1]);
        expect(backward.map((step) => height(led(step)))).toEqual(backward.map(() => height(0)));
        expect(forward.map((step) => height(led(step)))).toEqual(forward.map(() => height(grid.count - 1)));
      }),
    );
  });

  it("goes down into the next group, and up again, in the same column", () => {
    const grid = gridOf(
      [
        { title: "a", count: 300 },
        { title: "b", count: 300 },
      ],
      1_000,
    );
    const below = stepFrom(grid, 299, "down", 10);
    expect(below).toBeGreaterThanOrEqual(300);
    expect(stepFrom(grid, below, "up", 10)).toBe(299);
  });

  it("has no cell where there are no nodes", () => {
    const grid = gridOf([], 800);
    expect(grid).toMatchObject({ count: 0, height: 0 });
    expect(cellAt(grid, 5, 5)).toBeUndefined();
  });
});
