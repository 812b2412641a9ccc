import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCpuList, partitionOf } from "./cores.ts";

describe("a list of processors", () => {
  it.each([
    ["0", [0]],
    ["0-3,8\n", [0, 1, 2, 3, 8]],
    ["2,4-5", [2, 4, 5]],
  ])("%j", (text, cpus) => {
    expect(parseCpuList(text)).toStrictEqual(cpus);
  });

  it.each(["", "a", "3-1", "0-99999", "1,,2", "-1", "0-", "1 2"])("is not %j", (text) => {
    expect(parseCpuList(text)).toBeUndefined();
  });

  it("is never read in part", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("0", "1", "9", "-", ",", "x") }), (text) => {
        const cpus = parseCpuList(text);
        expect(cpus === undefined || /^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(text)).toBe(true);
      }),
    );
  });
});

describe("the core for what is not trusted", () => {
  const pairs = (cpu: number) => [cpu % 4, (cpu % 4) + 4];

  it("is the last one with all its hardware threads", () => {
    expect(partitionOf([0, 1, 2, 3, 4, 5, 6, 7], pairs)).toStrictEqual({ apart: [3, 7], rest: [0, 1, 2, 4, 5, 6] });
  });

  it("is never shared with the rest, and nothing is lost", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1 }), (cpus) => {
        const parts = partitionOf(cpus, pairs);
        const cores = new Set(cpus.map((cpu) => cpu % 4));
        expect(parts !== undefined).toBe(cores.size > 1);
        const { apart = [], rest = cpus } = parts ?? {};
        expect(new Set([...apart, ...rest])).toStrictEqual(new Set(cpus));
        expect(apart.length + rest.length).toBe(cpus.length);
        expect(apart.some((cpu) => rest.some((other) => other % 4 === cpu % 4))).toBe(false);
      }),
    );
  });

  it("is not there where all processors are threads of one core", () => {
    expect(partitionOf([0, 4], pairs)).toBeUndefined();
    expect(partitionOf([], pairs)).toBeUndefined();
  });
});
